"""What becomes of a record that only the hub writes, and that nobody of the hub wrote: never a candidate or alert."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256

import orjson

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject
from fairwatch.parts import parts
from fairwatch.wire.bonds import without_shard
from fairwatch.wire.refusal import audit_of_refusal

COMMAND_LINE = "cli"


@cache
def writers(topic: str) -> frozenset[str]:
    """Return the components that write a topic."""
    return frozenset(name for name, part in parts().items() if topic in part.produces())


def is_foreign(event: Event) -> bool:
    """Tell whether nobody of the hub who may write the topic wrote it; False where that is not asked.

    What takes a record away may come from the command line, too: `fairwatch erase`, where it has the secret.
    """
    if event.writer is None:
        return False
    writer = without_shard(event.writer)
    return writer not in writers(event.topic) and not (event.record is None and writer == COMMAND_LINE)


def foreign_told(component: str, reference: object, now: int) -> list[Emit]:
    """Return audit records of what a topic that is held whole was told by nobody of the hub; `now` in microseconds."""
    take: Callable[[], list[Event]] = getattr(reference, "take_foreign", list)
    return [refused_record(component, event, now)[0] for event in take()]


def refused_record(component: str, event: Event, now: int) -> tuple[Emit, Reject]:
    """Return the audit record and the dead letter of a foreign record; `now` in microseconds UTC."""
    said = sha256(orjson.dumps(event.record, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
    reason = "wrong_writer" if event.writer else "unbound"
    record = audit_of_refusal(
        "record.refused", component, event, reason, now, subject=event.key, said=said, details={"sha256": said}
    )
    what = f"no processor that writes {event.topic} has written it: {reason}"
    return Emit("audit", event.key, record), Reject("not_authentic", what)
