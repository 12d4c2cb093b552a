"""Whether somebody's deed is theirs: keys and people as administrators signed them, and the signature itself."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, cast

from fairwatch.domain.ports import Reference
from fairwatch.domain.records import Deed, Person, SigningKey
from fairwatch.policy.judge import Judge
from fairwatch.policy.signatures import PublicKey
from fairwatch.wire.deeds import deed_bytes, person_id, signed_bytes
from fairwatch.wire.trust_heads import TrustHeads

MINUTE = 60_000_000
AHEAD = 90 * MINUTE  # a worker's clock may be an hour behind: that must not cost a person's vote
LATE = 10 * MINUTE  # what was signed before a key was revoked has so long to arrive
WINDOW = 24 * 60 * MINUTE  # a deed that is older when it arrives is a replay
REMEMBERED = 65_536  # signatures that were checked, 32 bytes each

NONE: Mapping[str, int] = MappingProxyType({})

Unauthentic = Literal[
    "unsigned",
    "another_act",  # signed to do something else
    "another_person",  # the name in the record is not that of who signed
    "unknown_person",  # not registered by an administrator, or not any more
    "wrong_role",
    "unknown_key",  # not registered by an administrator
    "revoked_key",
    "out_of_time",  # of the future, before the key or the person was, or older than the window
    "wrong_signature",
    "one_person",  # genuine, and waits for a second person
    "replayed",  # an older one than was seen of the same
]


class Trust:
    """People and keys that an administrator vouches for.

    A record of an older date never replaces a newer one while this process lives.

    Args:
        people: The topic `people`.
        keys: The topic `signing-keys`.
        anchors: Public keys of administrators, from a file: whoever can write to Kafka cannot change them.
        revoked: Keys that ended, by id, and when in microseconds UTC, from the same file: an older record that is
            written over a revocation does not bring a key back, also where this process starts after that.
        heads: How new the newest record of each was, also before this process began.
        judge: Says what people may do; the policies of the product by default.
    """

    def __init__(
        self,
        people: Reference,
        keys: Reference,
        anchors: Sequence[PublicKey],
        revoked: Mapping[str, int] = NONE,
        heads: TrustHeads | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.judge = judge or Judge()
        self._heads = heads or TrustHeads()
        self._revoked = revoked
        self._people = people
        self._keys = keys
        self._anchors = {key.key_id: key for key in anchors}
        self._known: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._versions = (-1, -1)
        self._good: dict[bytes, None] = {}

    @property
    def version(self) -> int:
        """Grow with every change of people and keys."""
        return self._people.version + self._keys.version

    def refusal(
        self,
        record_type: str,
        record: Mapping[str, Any],
        deed: Deed | None,
        *,
        act: str,
        name: str,
        action: str,
        role: str | None = None,
        now: int | None = None,
        registered: bool = True,
    ) -> Unauthentic | None:
        """Return why a deed is not authentic, or None.

        Args:
            record_type: Of the record.
            record: What the deed is about.
            deed: As the record carries it.
            act: What it must be.
            name: Who must have done it, as the record says.
            action: What policies call it.
            role: In which it must have been done; None for any in which the policies allow it.
            now: The wall clock where the deed arrives now, microseconds UTC; None where it may have lain for long.
            registered: False for whom the console lets in otherwise, by a link of its own: no person of the topic.
        """
        if deed is None:
            return "unsigned"
        if deed["act"] != act:
            return "another_act"
        if deed["person_id"] != person_id(name):
            return "another_person"
        return (
            (self._person_refused(deed, name, action, role) if registered else None)
            or self._key_refused(deed, now)
            or ("out_of_time" if now is not None and not now - WINDOW <= deed["at"] <= now + AHEAD else None)
            or self._signature_refused(record_type, record, deed)
        )

    def told_refusal(
        self, record_type: str, record: Mapping[str, Any], deed: Deed, *, act: str, name: str
    ) -> Unauthentic | None:
        """Return why what is told of somebody is not from who may tell it, or None; arguments as of `refusal`.

        Only the key is asked: people and their roles are asked where something is done.
        """
        if deed["act"] != act:
            return "another_act"
        if deed["person_id"] != person_id(name):
            return "another_person"
        return self._key_refused(deed, None) or self._signature_refused(record_type, record, deed)

    def person(self, identity: str) -> Person | None:
        """Return a person whom an administrator registered under this id."""
        self._refresh()
        return cast("Person | None", self._known.get(("person", identity)))

    def key(self, identity: str) -> SigningKey | None:
        """Return a key that an administrator registered under this id."""
        self._refresh()
        return cast("SigningKey | None", self._known.get(("key", identity)))

    def every_key(self) -> list[SigningKey]:
        """Return all keys that an administrator registered, also those that have ended."""
        self._refresh()
        return [cast("SigningKey", record) for (kind, _), record in self._known.items() if kind == "key"]

    def everybody(self) -> list[Person]:
        """Return all people whom an administrator registered, also those who have ended."""
        self._refresh()
        return [cast("Person", record) for (kind, _), record in self._known.items() if kind == "person"]

    def stood(self, key: SigningKey, at: int) -> bool:
        """Tell whether a registered key could sign at a time, microseconds UTC."""
        return self._ended(key, at, None) is None

    def heads(self) -> list[tuple[str, str, int]]:
        """Return topic, key and time of issue of all people and keys that are known."""
        self._refresh()
        names = {"person": "people", "key": "signing-keys"}
        return [(names[kind], key, int(record["issued_at"])) for (kind, key), record in self._known.items()]

    def signature_refused(self, key: SigningKey, data: bytes, signature: str, *, at: int) -> Unauthentic | None:
        """Return why a key did not sign something at a time (microseconds UTC), or None."""
        public = PublicKey.of(key["public_key"])
        if public is None or not self._signed(public, data, signature):
            return "wrong_signature"
        return self._ended(key, at, None)

    def cited(self, deed: Deed | None, action: str) -> dict[str, str]:
        """Return what an audit record says of why a deed was allowed or refused by the policies; empty for nobody's."""
        person = self.person(deed["person_id"]) if deed else None
        if deed is None or person is None:
            return {}
        return self.judge.decide(person["name"], person["roles"], deed["role"], action).cited

    def _person_refused(self, deed: Deed, name: str, action: str, role: str | None) -> Unauthentic | None:
        person = self.person(deed["person_id"])
        if person is None or person["name"] != name:
            return "unknown_person"
        until = person.get("until")
        if deed["at"] < person["since"] or (until is not None and deed["at"] >= until):
            return "unknown_person"
        if role is not None and deed["role"] != role:
            return "wrong_role"
        allowed = self.judge.decide(name, person["roles"], deed["role"], action).allowed
        return None if allowed else "wrong_role"

    def _key_refused(self, deed: Deed, now: int | None) -> Unauthentic | None:
        key = self.key(deed["key_id"])
        if key is None or key.get("devices") or key.get("person_id") not in {None, deed["person_id"]}:
            return "unknown_key"
        return self._ended(key, deed["at"], now)

    def _ended(self, key: SigningKey, at: int, now: int | None) -> Unauthentic | None:
        if at < key["valid_from"]:
            return "out_of_time"
        known = [at for at in (key.get("revoked_at"), self._revoked.get(key["key_id"])) if at is not None]
        if not known:
            return None
        revoked_at = min(known)
        too_late = at >= revoked_at or (now is not None and now > revoked_at + LATE)
        return "revoked_key" if too_late or key.get("void") else None

    def _signature_refused(self, record_type: str, record: Mapping[str, Any], deed: Deed) -> Unauthentic | None:
        key = self.key(deed["key_id"])
        public = PublicKey.of(key["public_key"]) if key else None
        if public is None or not self._signed(public, deed_bytes(record_type, record, deed), deed["signature"]):
            return "wrong_signature"
        return None

    def _signed(self, public: PublicKey, data: bytes, signature: str) -> bool:
        """Check a signature, once: a good one stays good, and to check it takes longer than all the rest."""
        known = sha256(b"\0".join((public.raw, signature.encode(), data))).digest()
        if known in self._good:
            return True
        if not public.signed(data, signature):
            return False
        if len(self._good) >= REMEMBERED:
            self._good.pop(next(iter(self._good)))
        self._good[known] = None
        return True

    def _refresh(self) -> None:
        versions = (self._people.version, self._keys.version)
        if versions == self._versions:
            return
        self._versions = versions
        for purpose, record_type, field, reference, topic in (
            ("person", "Person", "person_id", self._people, "people"),
            ("key", "SigningKey", "key_id", self._keys, "signing-keys"),
        ):
            for key, record in reference.items():
                known = self._known.get((purpose, key))
                if record is known or record[field] != key or not self._vouched(purpose, record_type, record):
                    continue
                newest = max(known["issued_at"] if known else 0, self._heads.of(topic, key))
                if record["issued_at"] >= newest:
                    self._known[purpose, key] = record

    def _vouched(self, purpose: str, record_type: str, record: Mapping[str, Any]) -> bool:
        """Tell whether an administrator signed a record, and its id is what it must be."""
        anchor = self._anchors.get(record["issuer"])
        if anchor is None or not anchor.signed(signed_bytes(purpose, record_type, record, {}), record["signature"]):
            return False
        if purpose == "person":
            return bool(record["person_id"] == person_id(record["name"]))
        public = PublicKey.of(record["public_key"])
        return public is not None and public.key_id == record["key_id"]
