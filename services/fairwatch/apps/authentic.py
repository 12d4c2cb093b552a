"""Compacted topics as they were read once, with what people did not sign shown as not in force."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.keys import anchors, ended_keys, must_be_signed, signing_of
from fairwatch.apps.reading import latest
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import judge_here
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TOPIC as HEADS
from fairwatch.wire.trust_heads import TrustHeads


def known_trust(settings: Settings, heads: TrustHeads | None = None) -> Trust:
    """Return people and keys as they stand on their topics now; `heads` where they were read already."""
    people, keys = (MemoryReference(latest(settings, topic)) for topic in ("people", "signing-keys"))
    newest = heads or known_heads(settings)
    return Trust(people, keys, anchors(settings), ended_keys(settings), newest, judge_here(settings))


def known_heads(settings: Settings) -> TrustHeads:
    """Return how new the newest version of each signed record is, as it stands on its topic now."""
    return TrustHeads(MemoryReference(latest(settings, HEADS)))


class _Checked(Mapping[str, Any]):
    """Records by key, each checked when it is asked for: of a long list few are."""

    def __init__(self, found: Mapping[str, Any], seen: SignedReference) -> None:
        self._found, self._seen = found, seen

    def __getitem__(self, key: str) -> Any:
        if key not in self._found:
            raise KeyError(key)
        return self._seen.get(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def authentic(settings: Settings, topic: str, component: str = "cli") -> Mapping[str, Any]:
    """Return the newest record of each key; in the state `NOT_AUTHENTIC` what lacks a signature that is demanded."""
    found = latest(settings, topic)
    if topic not in must_be_signed(settings):
        return found
    heads = known_heads(settings)
    trust = known_trust(settings, heads)
    seen = SignedReference(component, topic, MemoryReference(found), trust, signing_of(settings, topic), heads=heads)
    return _Checked(found, seen)
