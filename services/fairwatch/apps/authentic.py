"""Compacted topics as they were read once, with what people did not sign shown as not in force."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.keys import anchors, ended_keys, must_be_signed, signing_of
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.trust import Trust


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
    return Trust(people, keys, anchors(settings), ended_keys(settings))


def authentic(settings: Settings, topic: str, component: str = "cli") -> dict[str, Any]:
    """Return the newest record of each key; in the state `NOT_AUTHENTIC` what lacks a signature that is demanded."""
    found = latest(settings, topic)
    if topic not in must_be_signed(settings):
        return found
    return dict(
        SignedReference(component, topic, Whole(found), known_trust(settings), signing_of(settings, topic)).items()
    )
