"""Records of people and keys, signed with an administrator's key."""

from collections.abc import Iterable
from typing import cast

from fairwatch.domain.records import Person, SigningKey
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.deeds import person_id, signed_bytes


def vouch_person(
    admin: PrivateKey, name: str, roles: Iterable[str], *, since: int, at: int, until: int | None = None
) -> Person:
    """Return the record of somebody who may act in these roles from `since` on; times in microseconds UTC.

    Args:
        admin: The administrator's key.
        name: As in people.yaml.
        roles: Roles that the person has.
        since: From when on.
        at: When this is signed.
        until: When it ends.
    """
    record: Person = {
        "person_id": person_id(name),
        "name": name,
        "roles": sorted(roles),
        "since": since,
        "until": until,
        "issued_at": at,
        "issuer": admin.public.key_id,
        "signature": "",
    }
    return {**record, "signature": admin.sign(signed_bytes("person", "Person", record, {}))}


def vouch_key(
    admin: PrivateKey, public: PublicKey, holder: str, *, at: int, name: str = "", devices: Iterable[str] = ()
) -> SigningKey:
    """Return the record of a key that may sign from `at` on; with a name only what that person does.

    With patterns of devices it signs what these see, and nothing that people do.
    """
    return _signed(
        admin,
        {
            "key_id": public.key_id,
            "public_key": public.text,
            "holder": holder,
            "person_id": person_id(name) if name else None,
            "valid_from": at,
            "revoked_at": None,
            "void": False,
            "reason": "",
            "issued_at": at,
            "issuer": "",
            "signature": "",
            "devices": list(devices),
        },
    )


def revoked(admin: PrivateKey, key: SigningKey, *, at: int, reason: str, void: bool = False) -> SigningKey:
    """Return the record of a key that may not sign from `at` on; `void`: nor does what it signed before stand."""
    return _signed(
        admin, cast("SigningKey", {**key, "revoked_at": at, "reason": reason, "void": void, "issued_at": at})
    )


def _signed(admin: PrivateKey, key: SigningKey) -> SigningKey:
    record: SigningKey = {**key, "issuer": admin.public.key_id, "signature": ""}
    return {**record, "signature": admin.sign(signed_bytes("key", "SigningKey", record, {}))}
