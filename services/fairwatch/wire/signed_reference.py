"""A reference topic through which only what people signed is in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairwatch.domain.ports import Reference
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.wire.signed_view import SignedView
from fairwatch.wire.signings import Signing
from fairwatch.wire.trust import Trust, Unauthentic
from fairwatch.wire.trust_heads import TrustHeads


@dataclass(frozen=True, slots=True)
class _Seen:
    record: Any
    trusted: int
    shown: Any
    head: int


class SignedReference(SignedView):
    """The Reference port; a record that lacks a signature which it needs is shown in the state `NOT_AUTHENTIC`.

    Whoever asks treats that as any state that is not in force, so that nobody forgets to check. Signatures are checked
    when a record is asked for, and again when people or keys change. While this process lives, a record whose last deed
    is older than one that was seen under its key is a replay and not authentic.

    Args:
        component: Who asks, for the metric.
        topic: Logical name.
        inner: The topic as it is.
        trust: People and keys.
        signing: How its records are signed.
        destroys: What is over is destroyed: that it is over has to be signed too.
        heads: How new the newest version of each was, also before this process began.
        remembers: Keep what `take_heads` gives; for the one who writes heads.
    """

    def __init__(
        self,
        component: str,
        topic: str,
        inner: Reference,
        trust: Trust,
        signing: Signing,
        *,
        destroys: bool = False,
        heads: TrustHeads | None = None,
        remembers: bool = False,
    ) -> None:
        super().__init__(component, topic, inner, trust, heads=heads, remembers=remembers)
        self._destroys = destroys
        self._signing = signing
        self._seen: dict[str, _Seen] = {}
        self._dated: dict[str, int] = {}
        self._stood: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        """Return the record, in the state `NOT_AUTHENTIC` where it is not signed as it must be; None for none."""
        record = self._inner.get(key)
        return self._remains(key) if record is None else self._shown(key, record)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all records by key, as `get` returns them; as they are where they are too many to check."""
        if self._signing.lazy:
            return self._inner.items()
        found = {key: self._shown(key, record) for key, record in self._inner.items() if record is not None}
        left = ((key, self._remains(key)) for key in self._stood if key not in found)
        return iter({**found, **{key: record for key, record in left if record is not None}}.items())

    def remember(self, key: str, record: Any) -> None:
        """Take a record that protects something for seen under a key, as it stood before this process began."""
        if self._signing.without_end is not None and key not in self._stood:
            self._stood[key] = record

    def _shown(self, key: str, record: Any) -> Any:
        seen, trusted, head = self._seen.get(key), self.trust.version, self._heads.of(self._topic, key)
        if seen is not None and seen.record is record and seen.trusted == trusted and seen.head == head:
            return seen.shown
        reason = self._refusal(key, record)
        shown = record
        if reason is not None:
            shown = self._instead(key, record)
            fresh = seen is None or seen.record != record or seen.shown is seen.record
            overtaken = reason == "replayed" and seen is not None and seen.record is record
            if fresh and not overtaken and reason != "one_person":  # these are nobody's fault
                self._refuse(key, record, reason)
        elif self._signing.without_end is not None:
            self._stood[key] = record
        self._seen[key] = _Seen(record, trusted, shown, head)
        return shown

    def _instead(self, key: str, record: Any) -> Any:
        """Return what counts in the place of a record that is not authentic."""
        if (stood := self._remains(key)) is not None:
            return stood
        if self._signing.without_end is not None and record.get("deeds"):
            before = self._signing.without_end(record)
            if self._signing.refusal(before, self.trust) is None:
                return before
        return {**record, "state": NOT_AUTHENTIC}

    def _remains(self, key: str) -> Any | None:
        """Return what protects something, was seen under a key and was ended by nobody; None for none."""
        stood = self._stood.get(key)
        return None if stood is None or self._signing.refusal(stood, self.trust) else stood

    def _refusal(self, key: str, record: Any) -> Unauthentic | None:
        if self._destroys and (refusal := self._signing.end_refused(record, self.trust)):
            return refusal
        if not record.get("deeds"):
            return "unsigned" if self._signing.needs(record) else None
        refusal = self._signing.refusal(record, self.trust)
        if refusal not in {None, "one_person"}:
            return refusal
        dated = self._signing.dated(record, self.trust)
        known = max(self._dated.get(key, 0), self._heads.of(self._topic, key))
        if dated < known and self._signing.needs(record):
            return "replayed"
        self._dated[key] = max(dated, known)
        if self._marked is not None and self._is_worth(key, record):
            self._marked[key] = dated
        return refusal

    def _is_worth(self, key: str, record: Any) -> bool:
        """Tell whether an older version of a record would be another: of many records, only those that changed."""
        seen = self._seen.get(key)
        changed = seen is not None and self._signing.wanted(seen.record) != self._signing.wanted(record)
        return not self._signing.lazy or changed or self._signing.replaces(record)
