"""Every error that Fairwatch raises on purpose.

* FairwatchError
  + RejectedError      this input can never be processed: dead letter (4xx at a gateway)
  + RetryableError     the same input may succeed later: nothing is acknowledged, try again
    - OverloadedError  slow down first (503 at a gateway)
  + RestartError       only a worker that starts anew can go on: it ends, and whoever minds it starts it again
  + ConfigurationError an operator has to change something: the message names what
"""

from typing import Literal

Reason = Literal[
    "malformed",  # not the syntax that it claims: truncated, wrong charset, broken multipart
    "unknown_format",  # no adapter recognises it
    "unreadable_batch",  # the record batch that held it cannot be opened: codec, checksum, structure
    "unknown_schema",  # Avro bytes whose schema is not known here
    "invalid_field",  # a field is missing or its value is impossible
    "too_large",
    "too_deep",
    "forbidden_xml",  # entities, DTDs, external references
    "unauthenticated",
    "unknown_device",
    "disabled_device",
    "unsupported",  # well-formed, but this version cannot carry it
    "empty",
    "media_unavailable",
    "not_authentic",  # what somebody is said to have done is not signed by whom it must be
    "undeliverable",  # every attempt to hand an alert to a receiver failed
    "internal",  # our own fault; the log has the traceback
]


class FairwatchError(Exception):
    """Root of every error that Fairwatch raises on purpose."""


class RejectedError(FairwatchError):
    """This input can never be processed.

    Args:
        reason: Bounded; the dead letter's and the metric's label.
        detail: One sentence that names the field and the offending value (never a template, face or credential).
        field: Path of the field, where there is one.
    """

    def __init__(self, reason: Reason, detail: str, field: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.field = field

    def __reduce__(self) -> tuple[type["RejectedError"], tuple[Reason, str, str | None]]:
        return RejectedError, (self.reason, self.detail, self.field)


class RetryableError(FairwatchError):
    """The same input may succeed later; nothing that rests on it is acknowledged."""


class OverloadedError(RetryableError):
    """Slow down, then try again."""

    def __init__(self, detail: str, retry_after_s: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class RestartError(FairwatchError):
    """What this process rests on is gone, and only its start makes it again: a worker ends and is started anew."""


class ConfigurationError(FairwatchError):
    """An operator has to change something; the message names what, where and to what."""
