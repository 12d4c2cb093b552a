"""How records that people make are signed: which deeds a record needs to be in force, and what each covers.

A signature covers what is wanted, not where it stands: whoever asks and whoever agrees sign the same. What takes
something back needs no signature to take effect, and one to be remembered against an older record that comes again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fairwatch.domain.records import Deed
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.trust import Trust, Unauthentic

Record = Mapping[str, Any]
Need = tuple[str, str]  # act, name of who must have done it

REQUEST: Final = "request"
APPROVE: Final = "approve"
REJECT: Final = "reject"
REVOKE: Final = "revoke"
ENROL: Final = "enrol"
WITHDRAW: Final = "withdraw"
REPLACES: Final = "replaces"  # in the session of who enrols over an entry that is there
BIND: Final = "bind"
END: Final = "end"
SILENCE: Final = "silence"
EXPIRE: Final = "expire"
PLACE: Final = "place"
RELEASE: Final = "release"


@dataclass(frozen=True, slots=True)
class Signing:
    """How the records of one topic are signed.

    Attributes:
        record_type: Of the topic.
        noun: What policies call it: `noun.act` is an action, and they say who may do it.
        moves: Fields that say where a record stands and who agreed; no signature covers them.
        acts: What can be done to such a record.
        in_its_role: The act that is done in the role that the record names as `role`; empty for none.
        needs: Deeds without which a record is not authentic; none for what is not in force anyway.
        asks: Who wants it, by act and name: whatever else a record says, it is nothing without this deed.
        ends: Act that takes a record to a state for good; empty for states that nobody has to write.
        lazy: Records are many: each is checked when it is asked for by its key, not when all are looked through.
        without_end: Of records that protect something: the record as it was before it ended. It is what counts where
            nobody signed the end, and one that was seen stands until somebody signs its end.
        awaits: Tells of a record that is signed whether it still takes a second person; None: one is enough.
    """

    record_type: str
    noun: str
    moves: frozenset[str]
    acts: frozenset[str]
    needs: Callable[[Record], Sequence[Need]]
    asks: Callable[[Record], Need]
    ends: Mapping[str, str]
    in_its_role: str = ""
    lazy: bool = False
    without_end: Callable[[Record], dict[str, Any]] | None = None
    awaits: Callable[[Record], bool] | None = None

    def wanted(self, record: Record) -> dict[str, Any]:
        """Return what is signed of a record."""
        return {name: value for name, value in record.items() if name not in self.moves}

    def refusal(self, record: Record, trust: Trust) -> Unauthentic | None:
        """Return why a record is not authentic, or None."""
        done: dict[Need, Unauthentic | None] = {}
        needs = self.needs(record)
        for act, name in needs:
            done[act, name] = self._done(record, act, name, trust)
        people = [name for _, name in needs]
        if len(set(people)) < len(people):
            return "another_person"  # one person cannot be two
        refusal = next((refusal for refusal in done.values() if refusal), None)
        if not refusal and needs and self._taken_back(record, trust):
            return "replayed"  # as it was before somebody took it back
        return refusal or ("one_person" if self.awaits and self.awaits(record) else None)

    def _done(self, record: Record, act: str, name: str, trust: Trust) -> Unauthentic | None:
        """Return why none of a record's deeds is this act of this person, or None; names the fault of the last."""
        wanted, found = self.wanted(record), "unsigned"
        for deed in record.get("deeds") or ():
            if deed["act"] != act:
                continue
            refusal = self._asked(wanted, deed, act, name, trust)
            if refusal is None:
                return None
            found = refusal if found == "unsigned" or refusal != "another_person" else found
        return found  # type: ignore[return-value]  # it is one of them

    def _taken_back(self, record: Record, trust: Trust) -> bool:
        """Tell whether the last authentic deed of a record took it back, whatever state it says it has."""
        ending, wanted = frozenset(filter(None, self.ends.values())), self.wanted(record)
        if not any(deed["act"] in ending for deed in record.get("deeds") or ()):
            return False
        stand = [deed for deed in record["deeds"] if self._stands(wanted, deed, trust)]
        return bool(stand) and max(stand, key=lambda deed: deed["at"])["act"] in ending

    def replaces(self, record: Record) -> bool:
        """Tell whether a record says that it took the place of another version, or was taken back."""
        ending = frozenset(filter(None, self.ends.values()))
        deeds = record.get("deeds") or ()
        return any(deed["act"] in ending or deed.get("session_id") == REPLACES for deed in deeds)

    def end_refused(self, record: Record, trust: Trust) -> Unauthentic | None:
        """Return why what says that a record is over is not authentic, or None; where the end destroys something."""
        refusal = self._done(record, *self.asks(record), trust)
        state, wanted = record.get("state", ""), self.wanted(record)
        if refusal or state not in self.ends:
            return refusal
        deeds = [deed for deed in record.get("deeds") or () if deed["act"] == self.ends[state]]
        return None if any(self._stands(wanted, deed, trust) for deed in deeds) else "unsigned"

    def dated(self, record: Record, trust: Trust) -> int:
        """Return when the last authentic deed of a record was done, microseconds UTC; 0 for none."""
        wanted = self.wanted(record)
        return max((deed["at"] for deed in record.get("deeds") or () if self._stands(wanted, deed, trust)), default=0)

    def _stands(self, wanted: Record, deed: Deed, trust: Trust) -> bool:
        person = trust.person(deed["person_id"])
        return person is not None and not self._asked(wanted, deed, deed["act"], person["name"], trust)

    def _asked(self, wanted: Record, deed: Deed, act: str, name: str, trust: Trust) -> Unauthentic | None:
        if act not in self.acts:
            return "another_act"
        role, action = wanted["role"] if act == self.in_its_role else None, action_of(self, act)
        return trust.refusal(self.record_type, wanted, deed, act=act, name=name, action=action, role=role)

    def signed(
        self,
        record: Record,
        key: PrivateKey,
        act: str,
        name: str,
        role: str,
        *,
        at: int,
        method: str = "password",
        session_id: str = "",
    ) -> dict[str, Any]:
        """Return a record with one more deed, later than those it has; `at` in microseconds UTC.

        Clocks of two machines may be apart: what is done to a record later is dated later.
        """
        at = later(record, at)
        deed = sign_deed(
            self.record_type,
            self.wanted(record),
            key,
            act=act,
            name=name,
            role=role,
            at=at,
            method=method,
            session_id=session_id,
        )
        return {**record, "deeds": [*(record.get("deeds") or ()), deed]}


def later(record: Record, at: int) -> int:
    """Return a time that is after all deeds of a record: `at`, in microseconds UTC, where that is."""
    return max([at, *(int(deed["at"]) + 1 for deed in record.get("deeds") or ())])


def _of_authorisation(record: Record) -> list[Need]:
    state = record.get("state", "REQUESTED")
    if state == "REQUESTED" and record.get("urgency"):
        return [(REQUEST, record["requested_by"])]
    if state != "GRANTED":
        return []
    return [(REQUEST, record["requested_by"]), *((APPROVE, name) for name in record.get("approved_by") or ())]


def _of_entry(record: Record) -> list[Need]:
    if record.get("state", "ACTIVE") != "ACTIVE" or not record.get("authorisation_id"):
        return []
    agreed = record.get("approved_by")
    return [(ENROL, record.get("created_by") or ""), *([(APPROVE, agreed)] if agreed else ())]


def _of_device_list(record: Record) -> list[Need]:
    if record.get("state", "REQUESTED") != "BOUND":
        return []
    return [(BIND, record["requested_by"]), *((APPROVE, name) for name in record.get("approved_by") or ())]


def _of_silence(record: Record) -> list[Need]:
    if record.get("expired_by"):
        return [(EXPIRE, record["expired_by"])]
    return [(SILENCE, record["author"]), *((APPROVE, name) for name in record.get("approved_by") or ())]


def _of_hold(record: Record) -> list[Need]:
    over = record.get("released_by") or record.get("released_at")
    return [(PLACE, record["placed_by"]), *([(RELEASE, record.get("released_by") or "")] if over else ())]


def _of_export_order(record: Record) -> list[Need]:
    if record.get("state", "REQUESTED") != "GRANTED":
        return []
    return [(REQUEST, record["requested_by"]), *((APPROVE, name) for name in record.get("approved_by") or ("",))]


def _unreleased(record: Record) -> dict[str, Any]:
    return {**record, "released_by": None, "released_at": None}


SIGNINGS: Final[Mapping[str, Signing]] = {
    "authorisations": Signing(
        record_type="Authorisation",
        noun="authorisation",
        moves=frozenset({"state", "approved_by", "updated_at", "reason", "deeds"}),
        acts=frozenset({REQUEST, APPROVE, REJECT, REVOKE}),
        needs=_of_authorisation,
        asks=lambda record: (REQUEST, record["requested_by"]),
        ends={"REJECTED": REJECT, "REVOKED": REVOKE, "EXPIRED": ""},
    ),
    "watchlist-entries": Signing(
        record_type="WatchlistEntry",
        noun="entry",
        moves=frozenset({"state", "approved_by", "updated_at", "review_at", "deeds"}),
        acts=frozenset({ENROL, APPROVE, WITHDRAW}),
        needs=_of_entry,
        asks=lambda record: (ENROL, record.get("created_by") or ""),
        ends={"WITHDRAWN": WITHDRAW, "EXPIRED": ""},
        lazy=True,
    ),
    "device-lists": Signing(
        record_type="DeviceList",
        noun="device_list",
        moves=frozenset({"state", "approved_by", "updated_at", "deeds"}),
        acts=frozenset({BIND, APPROVE, END}),
        needs=_of_device_list,
        asks=lambda record: (BIND, record["requested_by"]),
        ends={"ENDED": END},
    ),
    "silences": Signing(
        record_type="Silence",
        noun="silence",
        moves=frozenset({"approved_by", "updated_at", "deeds"}),
        acts=frozenset({SILENCE, APPROVE, EXPIRE}),
        in_its_role=SILENCE,
        needs=_of_silence,
        asks=lambda record: (SILENCE, record["author"]),
        ends={},
    ),
    "export-orders": Signing(
        record_type="ExportOrder",
        noun="export",
        moves=frozenset({"state", "approved_by", "updated_at", "deeds"}),
        acts=frozenset({REQUEST, APPROVE, REVOKE}),
        needs=_of_export_order,
        asks=lambda record: (REQUEST, record["requested_by"]),
        ends={"REVOKED": REVOKE},
    ),
    "legal-holds": Signing(
        record_type="LegalHold",
        noun="hold",
        moves=frozenset({"released_by", "released_at", "deeds"}),
        acts=frozenset({PLACE, RELEASE}),
        needs=_of_hold,
        asks=lambda record: (PLACE, record["placed_by"]),
        ends={},
        without_end=_unreleased,
    ),
}


def action_of(signing: Signing, act: str) -> str:
    """Return what policies call an act on such a record."""
    return f"{signing.noun}.{act}"


def awaits_second(entry: Record) -> bool:
    """Tell whether a watchlist entry was enrolled by one person and nobody else agreed to it yet."""
    return bool(_of_entry(entry)) and not entry.get("approved_by")


def by_two(topic: str) -> Signing:
    """Return how the records of a topic are signed where one person alone brings nothing into force."""
    signing = SIGNINGS[topic]
    return replace(signing, awaits=awaits_second) if topic == "watchlist-entries" else signing


SILENCE_ACTS: Final[Mapping[str, str]] = {
    "silence.added": SILENCE, "silence.approved": APPROVE, "silence.expired": EXPIRE,
}  # fmt: skip


def sign_silence(
    record: Record, key: PrivateKey, action: str, name: str, role: str, *, method: str = "password"
) -> dict[str, Any]:
    """Return a silence with the deed of who made it, agreed to it or ended it.

    Args:
        record: As it is to be written.
        key: Of what recognised the person.
        action: As the audit log calls it: silence.added, silence.approved, silence.expired.
        name: The person's.
        role: In which it is agreed to or ended; it is made in the role that it names.
        method: How the person was recognised.
    """
    act = SILENCE_ACTS[action]
    role = record["role"] if act == SILENCE else role
    return SIGNINGS["silences"].signed(record, key, act, name, role, at=record["updated_at"], method=method)
