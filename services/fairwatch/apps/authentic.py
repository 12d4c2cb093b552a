"""Compacted topics as they were read once, with what people did not sign shown as not in force."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.keys import anchors, ended_keys, must_be_signed
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signing_here
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TOPIC as HEADS
from fairwatch.wire.trust_heads import TrustHeads


class Whole:
    """A compacted topic as it was read once, in the place of one that is followed."""

    version = 0

    def __init__(self, records: Mapping[str, Any]) -> None:
        self._records = records

    def changed_since(self, _: int) -> list[str]:
        """Return nothing: it never changes."""
        return []

    def get(self, key: str) -> Any | None:
        """Return the record, or None."""
        return self._records.get(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all records by key."""
        return iter(self._records.items())


def known_trust(settings: Settings) -> Trust:
    """Return people and keys as they stand on their topics now."""
    people, keys = (Whole(latest(settings, topic)) for topic in ("people", "signing-keys"))
    return Trust(people, keys, anchors(settings), ended_keys(settings), known_heads(settings))


def known_heads(settings: Settings) -> TrustHeads:
    """Return how new the newest version of each signed record is, as it stands on its topic now."""
    return TrustHeads(Whole(latest(settings, HEADS)))


def authentic(settings: Settings, topic: str, component: str = "cli") -> dict[str, Any]:
    """Return the newest record of each key; in the state `NOT_AUTHENTIC` what lacks a signature that is demanded."""
    found = latest(settings, topic)
    if topic not in must_be_signed(settings):
        return found
    trust, heads = known_trust(settings), known_heads(settings)
    seen = SignedReference(component, topic, Whole(found), trust, signing_here(settings, topic), heads=heads)
    return dict(seen.items())
