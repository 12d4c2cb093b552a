"""People and keys for whom an administrator vouches; what merely lies on their topics counts for nothing.

Whoever can write to these topics can lay a key or a person there. No command takes one for registered, and none signs
one: to end a key that nobody registered would make stand what it is said to have signed before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from fairwatch.apps.keys import anchors, ended_keys
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.records import Person
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TOPIC as HEADS
from fairwatch.wire.trust_heads import TrustHeads
from fairwatch.wire.vouching import vouch_person

FIELDS: Final = {"people": "person_id", "signing-keys": "key_id"}


class _EveryVersion(MemoryReference):
    """A topic with all versions of each record, so that a genuine one is known though another was written over it."""

    def __init__(self, rows: Sequence[tuple[str, Any]]) -> None:
        super().__init__(dict(rows))
        self._rows = rows

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all versions, the oldest first."""
        return iter(self._rows)


def vouched(settings: Settings, admin: PublicKey | None = None) -> Trust:
    """Return people and keys as administrators vouch for them.

    Args:
        settings: Of the broker; the configuration folder has `trust.yaml`.
        admin: Counts as an administrator where there is no such file.
    """
    believed = anchors(settings) or ((admin,) if admin is not None else ())
    people, keys = (_EveryVersion(_written(settings, topic)) for topic in FIELDS)
    heads = TrustHeads(MemoryReference(latest(settings, HEADS)))
    return Trust(people, keys, believed, ended_keys(settings), heads)


def known_signers(settings: Settings, at: int) -> list[PublicKey]:
    """Return the registered keys that could sign for the installation at a time, microseconds UTC.

    Producers' keys are not among them: they sign what their devices see, and nothing else.
    """
    trust = vouched(settings)
    stood = (key for key in trust.every_key() if not key.get("devices") and trust.stood(key, at))
    return [public for key in stood if (public := PublicKey.of(key["public_key"])) is not None]


def people_to_publish(settings: Settings, admin: PrivateKey, wanted: Mapping[str, Iterable[str]]) -> list[Person]:
    """Return signed records of everybody who came, changed or went.

    So of everybody for whom another administrator vouched, and over whose record somebody wrote another.

    Args:
        settings: Of the broker.
        admin: The administrator's key.
        wanted: Roles by name; whoever is registered and not named here has gone.
    """
    at = SystemClock().now()
    there = {person["name"]: person for person in vouched(settings, admin.public).everybody()}
    newest, found = dict(_written(settings, "people")), []
    for name, roles in wanted.items():
        known = there.get(name)
        if known is None or known.get("until"):
            found.append(vouch_person(admin, name, roles, since=at, at=at))
        elif (
            sorted(known["roles"]) != sorted(roles)
            or known["issuer"] != admin.public.key_id
            or newest[known["person_id"]] != known
        ):
            found.append(vouch_person(admin, name, roles, since=known["since"], at=at))
    gone = [person for name, person in there.items() if name not in wanted and not person.get("until")]
    return found + [
        vouch_person(admin, person["name"], person["roles"], since=person["since"], at=at, until=at) for person in gone
    ]


def _written(settings: Settings, topic: str) -> list[tuple[str, Any]]:
    return [(record[FIELDS[topic]], record) for _, _, record in read_topic(settings, topic)]
