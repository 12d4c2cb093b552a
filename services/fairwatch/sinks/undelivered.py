"""The dead letter of an alert that a receiver did not take."""

import json
from collections.abc import Mapping
from typing import Any

from fairwatch import __version__
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.outcome import Emit
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from fairwatch.wire.dead_letter import Raw, dead_letter


def undelivered(codec: Codec, partition: int, item: Mapping[str, Any], name: str, answer: Answer, at: int) -> Emit:
    """Return the letter: no Reject, for a receiver that is down must not look like a bad deploy of ours and stop us.

    Args:
        codec: Encodes the alert.
        partition: Of the alert.
        item: Of the ledger, taken out of it.
        name: The receiver.
        answer: The last that it gave.
        at: Our clock, in microseconds.
    """
    alert = item["alert"]
    what = f"revision {alert['revision']}: {answer.reason} after {max(1, item['attempt'])} attempts"
    # What has no offset (a digest, or what a chain handed on while it was written) is told by its delivery.
    named = {} if item["offset"] >= 0 else {"ce_id": item["delivery_id"].encode()}
    letter = dead_letter(
        Raw("alerts", partition, item["offset"], alert["group"].encode(), _bytes(codec, alert), named),
        RejectedError("undeliverable", f"receiver {name!r} did not take {what}", "receivers"),
        processor="notify",
        version=__version__,
        at=at,
    )
    return Emit("alerts-dlq", alert["group"], letter)


def _bytes(codec: Codec, alert: Mapping[str, Any]) -> bytes:
    try:
        return codec.encode("Alert", alert)
    except RejectedError:
        # A foreign producer wrote what we would not, such as NaN: one such alert must not stop every retry.
        return json.dumps(alert).encode()
