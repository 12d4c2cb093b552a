"""Signatures of receipts: Ed25519 over what a receipt says."""

from fairwatch.domain.records import ErasureReceipt
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.deeds import signed_bytes

PURPOSE, TYPE = "erasure", "ErasureReceipt"


def sign_receipt(receipt: ErasureReceipt, key: PrivateKey | None) -> ErasureReceipt:
    """Return the receipt with its signature; as it is where there is no key: then the audit chain vouches for it."""
    if key is None:
        return receipt
    named: ErasureReceipt = {**receipt, "key_id": key.public.key_id, "signature": ""}
    return {**named, "signature": key.sign(receipt_bytes(named))}


def receipt_signed(receipt: ErasureReceipt, key: PublicKey) -> bool:
    """Tell whether the private half of this key signed the receipt as it stands."""
    return receipt.get("key_id") == key.key_id and key.signed(receipt_bytes(receipt), receipt.get("signature", ""))


def receipt_bytes(receipt: ErasureReceipt) -> bytes:
    """Return what the signature of a receipt covers."""
    return signed_bytes(PURPOSE, TYPE, receipt, {})
