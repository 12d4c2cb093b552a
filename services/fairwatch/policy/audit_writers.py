"""Who may write what into the audit log, by what it says was done.

What processors conclude only they may write; what people do, the console and the command line write, which bear no bond
of a processor, and which cannot speak in the name of one.
"""

from collections.abc import Mapping
from typing import Literal

AuditRefusal = Literal["unbound", "wrong_writer"]

TOLD = frozenset({"record.refused"})
BY: Mapping[str, frozenset[str]] = {
    "enrich": frozenset({"observation.refused"}),
    "match": frozenset({"candidate.created", "candidate.improved", "enrolment.failed"}),
    "verify": TOLD
    | {
        "verdict.reached", "verification.given", "verification.refused", "verification.ignored",
        "verification.orphaned", "deed.refused",
    },
    "route": TOLD | {"site.armed", "site.disarmed"},
    "correlate": TOLD,
    "group": TOLD
    | {
        "alert.new", "alert.updated", "alert.ended", "alert.cancelled", "alert.comment", "alert.acknowledge",
        "alert.claim", "alert.hand_over", "alert.close", "alert.deed_refused", "alert.not_reached", "deed.refused",
    },
    "incident": TOLD
    | {"incident.seen", "incident.merge", "incident.split", "incident.deed_refused", "deed.refused"},
    "notify": TOLD | {"alert.delivered", "alert.failed", "alert.suppressed"},
    "anchor": frozenset({"anchor.failing", "anchor.recovered", "audit.broken"}),
    "retain": frozenset({"retention.deleted", "erasure.done", "erasure.held", "deed.refused"}),
}  # fmt: skip
SHARED = frozenset({"site.armed", "site.disarmed", "erasure.done", "erasure.held"})  # what people do themselves, too
CONCLUDED = frozenset().union(*BY.values()) - SHARED
BY_PROCESSORS = CONCLUDED | SHARED
IN_ITS_NAME = "processor:"


def refusal(action: str, actor: str, writer: str | None) -> AuditRefusal | None:
    """Return why somebody may not say that something was done, or None.

    Args:
        action: What was done.
        actor: Who did it.
        writer: The processor that has proved to have written it, "" for none of them; None where nobody asked.
    """
    if writer is None:
        return None
    if writer:
        return None if action in BY.get(writer, ()) else "wrong_writer"
    return "unbound" if action in CONCLUDED or actor.startswith(IN_ITS_NAME) else None


def is_told_of_people(action: str, writer: str | None) -> bool:
    """Tell whether the console or the command line tells it, which sign what they tell of people; arguments as above.

    Where nobody asks for bonds, what processors conclude is left out by what it says.
    """
    return writer == "" or (writer is None and action not in BY_PROCESSORS)
