"""Translation of recorded inputs: any number of files, formats recognised, one outcome or more for each."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.envelopes import is_http_request, open_http
from fairwatch.formats.bodies.opening import messages_of
from fairwatch.formats.catalogue import decode, encode
from fairwatch.formats.language.trace import Trace
from fairwatch.formats.payload import Decoded, Encoded, Payload
from fairwatch.formats.report import Report, report

AUTO = "auto"
CANONICAL = "canonical"
Outcome = Literal["record", "skipped", "rejected"]


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome of one input.

    Attributes:
        input: Path as given; `-` for standard input.
        format: Name of the format, or None where none was recognised.
        type: Record name, or None.
        record: The record in canonical form, or in the target format: `{"body": …, "content_type": …, "path": …}`.
        reason: Why it was skipped or rejected.
    """

    input: str
    format: str | None
    outcome: Outcome
    type: str | None = None
    record: dict[str, Any] | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-able values, bytes in base64."""
        return {
            "input": self.input,
            "format": self.format,
            "outcome": self.outcome,
            "type": self.type,
            "record": plain(self.record),
            "reason": self.reason,
        }


@dataclass(slots=True)
class Translation:
    """What became of one input.

    Attributes:
        lines: At least one.
        encoded: The records in the target format.
        report: What became of every leaf, where it was asked for and the input was read.
    """

    lines: list[Line]
    encoded: list[Encoded] = field(default_factory=list)
    report: Report | None = None


def translate(
    name: str, payload: Payload, source: str = AUTO, target: str = CANONICAL, *, with_report: bool = False
) -> Translation:
    """Translate one input; a malformed one is a `rejected` line, never an exception.

    Args:
        name: Name of the input, for the lines.
        payload: Its bytes; a recorded HTTP request is opened.
        source: Format, or `auto`.
        target: `canonical`, or a format.
        with_report: Trace every leaf and say what became of it.
    """
    chosen = None if source == AUTO else source
    trace = Trace() if with_report else None
    try:
        if is_http_request(payload.body):
            payload = open_http(payload)
        decoded = _decoded(payload, chosen, trace)
    except RejectedError as error:
        told = report(chosen or "-", 0, trace, target) if trace and trace.entries else None
        return Translation([Line(name, chosen, "rejected", reason=str(error))], report=told)
    encoded: list[Encoded] = []
    lines = list(_lines(name, decoded, target, encoded))
    if trace is None:
        return Translation(lines, encoded)
    return Translation(lines, encoded, report(decoded.format, len(decoded.records), trace, target, encoded))


def _decoded(payload: Payload, chosen: str | None, trace: Trace | None) -> Decoded:
    """Return what a recording says; one of many lines of JSON is as many messages."""
    found = [decode(replace(payload, body=body), chosen, trace) for body in messages_of(payload.body)]
    if len(found) == 1:
        return found[0]
    records = [record for one in found for record in one.records]
    skipped = [reason for one in found for reason in one.skipped]
    return Decoded(found[0].format, records, skipped)


def _lines(name: str, decoded: Decoded, target: str, encoded: list[Encoded]) -> Iterator[Line]:
    for type_, record in decoded.records:
        if target == CANONICAL:
            yield Line(name, decoded.format, "record", type_, record)
            continue
        try:
            written = encode(target, type_, record)
        except RejectedError as error:
            yield Line(name, decoded.format, "rejected", type_, reason=str(error))
            continue
        encoded.append(written)
        yield Line(name, decoded.format, "record", type_, _shown(written))
    for reason, detail in decoded.skipped:
        yield Line(name, decoded.format, "skipped", reason=f"{reason}: {detail}" if detail else reason)
    if not decoded.records and not decoded.skipped:
        yield Line(name, decoded.format, "skipped", reason="no_object")


def _shown(written: Encoded) -> dict[str, Any]:
    try:
        body: Any = written.body.decode()
    except UnicodeDecodeError:
        body = written.body
    return {"body": body, "content_type": written.content_type, "path": written.path, "lost": written.lost}


def plain(value: Any) -> Any:
    """Return a value that JSON can carry: bytes in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
