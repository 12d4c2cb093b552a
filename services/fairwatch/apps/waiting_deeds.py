"""What is written where somebody agrees to what another person asked for, or refuses it, at the console."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fairwatch.apps import authorising, enrolling, exporting
from fairwatch.apps.keys import signing_key
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import judge_here
from fairwatch.apps.signer import Signer
from fairwatch.apps.waiting_room import WaitingRoom
from fairwatch.console.people import Person
from fairwatch.console.waiting import MAY, Decision, Kind, WaitingDesk, Waits, Written
from fairwatch.wire.signings import APPROVE, REJECT, REVOKE, WITHDRAW

ACTS: Final[Mapping[Kind, Mapping[Decision, str]]] = {
    "authorisation": {"APPROVE": APPROVE, "REJECT": REJECT},
    "entries": {"APPROVE": APPROVE, "REJECT": WITHDRAW},
    "export": {"APPROVE": APPROVE, "REJECT": REVOKE},
}


def waiting_desk(settings: Settings, component: str) -> WaitingDesk:
    """Return what the console needs for what waits for a second person."""
    room = WaitingRoom(settings, component)
    return WaitingDesk(room.waits, deciding(settings), room.following())


def deciding(settings: Settings) -> Callable[[Waits, Decision, Person, str, int], list[Written]]:
    """Return what signs a person's decision with the console's key, and says what has to be written."""
    judge, key = judge_here(settings), signing_key(settings)

    def decided(one: Waits, decision: Decision, person: Person, reason: str, now: int) -> list[Written]:
        role = judge.role_for(person.name, person.roles, MAY[one.kind][decision])
        who = Signer(person.name, role, key, judge, frozenset(person.roles))
        return _WRITES[one.kind](one, ACTS[one.kind][decision], who, reason, now)

    return decided


def _authorisation(one: Waits, act: str, who: Signer, reason: str, now: int) -> list[Written]:
    record = authorising.decided(one.records[0], act, who, now, reason)
    return [("audit", one.id, authorising.audited(act, who, record)), (authorising.TOPIC, one.id, record)]


def _export(one: Waits, act: str, who: Signer, reason: str, now: int) -> list[Written]:
    record = exporting.decided(one.records[0], act, who, now)
    return [("audit", one.id, exporting.audited(act, who, record, reason)), (exporting.TOPIC, one.id, record)]


def _entries(one: Waits, act: str, who: Signer, reason: str, now: int) -> list[Written]:
    """Decide on a list as one: its hash is in each signature and in the audit log."""
    made = [enrolling.decided(entry, act, who, now, one.seen if act == APPROVE else "") for entry in one.records]
    by_id: dict[str, dict[str, Any]] = {entry["entry_id"]: entry for entry in made}
    listed = enrolling.list_audited(act, who, one.seen, by_id, now, reason)
    told: list[Written] = [("audit", listed["subject"], listed)]
    told += [("audit", key, enrolling.audited(act, who, entry, now)) for key, entry in by_id.items()]
    return [*told, *((enrolling.TOPIC, key, entry) for key, entry in by_id.items())]


_WRITES: Final[Mapping[Kind, Callable[[Waits, str, Signer, str, int], list[Written]]]] = {
    "authorisation": _authorisation, "export": _export, "entries": _entries
}  # fmt: skip
