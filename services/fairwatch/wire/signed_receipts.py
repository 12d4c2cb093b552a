"""Receipts of erasures of which only those count that somebody signed who may: what they name is shown no more.

Whoever merely can write to the topic could otherwise take any candidate or alert from what people see.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fairwatch.domain.ports import Reference
from fairwatch.policy.signatures import PublicKey
from fairwatch.wire.receipts import receipt_bytes, receipt_signed
from fairwatch.wire.signed_view import SignedView
from fairwatch.wire.trust import Trust, Unauthentic

TOPIC: Final = "erasures"


class SignedReceipts(SignedView):
    """The Reference port over `erasures`, without the receipts that are not authentic.

    Args:
        component: Who asks, for the metric.
        inner: The topic as it is.
        trust: Keys that an administrator registered: the console's signs what `fairwatch erase` does.
        signers: Keys that `trust.yaml` names: of administrators, and of who signs receipts alone.
    """

    def __init__(self, component: str, inner: Reference, trust: Trust, signers: Iterable[PublicKey]) -> None:
        super().__init__(component, TOPIC, inner, trust)
        self._signers = {key.key_id: key for key in signers}
        self._seen: dict[str, tuple[Any, int, bool]] = {}

    def get(self, key: str) -> Any | None:
        """Return a receipt, or None for none that is authentic."""
        record = self._inner.get(key)
        return record if record is not None and self._is_authentic(key, record) else None

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all authentic receipts by key."""
        return iter(
            [(key, record) for key, record in self._inner.items() if record and self._is_authentic(key, record)]
        )

    def _is_authentic(self, key: str, record: Any) -> bool:
        known, trusted, authentic = self._seen.get(key, (None, -1, False))
        if known is record and trusted == self.trust.version:
            return authentic
        reason = self._refusal(record)
        if reason is not None and known is not record:
            self._refuse(key, record, reason)
        self._seen[key] = (record, self.trust.version, reason is None)
        return reason is None

    def _refusal(self, record: Any) -> Unauthentic | None:
        key_id, signature = record.get("key_id") or "", record.get("signature", "")
        if not signature:
            return "unsigned"
        if (named := self._signers.get(key_id)) is not None:
            return None if receipt_signed(record, named) else "wrong_signature"
        key = self.trust.key(key_id)
        if key is None or key.get("devices"):
            return "unknown_key"
        return self.trust.signature_refused(key, receipt_bytes(record), signature, at=record["at"])
