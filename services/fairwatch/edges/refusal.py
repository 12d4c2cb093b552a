"""Why a gateway says no, before it is put in the words of a protocol."""

import math

from fairwatch.domain.errors import FairwatchError, OverloadedError, RejectedError, RetryableError

STATUS_OF_REASON = {"empty": 400, "too_large": 413}


class RefusedError(FairwatchError):
    """A request that is not accepted.

    Args:
        status: HTTP status.
        reason: Bounded word for the sender and the metric.
        detail: One sentence for the person who looks at the device.
        challenges: Values of `WWW-Authenticate`, with status 401.
        retry_after_s: Seconds to wait before trying again, where that helps.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str,
        *,
        challenges: tuple[str, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = [("WWW-Authenticate", challenge) for challenge in challenges]
        if retry_after_s is not None:
            self.headers.append(("Retry-After", str(max(1, math.ceil(retry_after_s)))))


def refusal_of(error: FairwatchError) -> RefusedError:
    """Return what to tell the sender of an error: 4xx for its own, 503 when it should come again."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, RejectedError):
        return RefusedError(STATUS_OF_REASON.get(error.reason, 422), error.reason, error.detail)
    if isinstance(error, RetryableError):
        wait = error.retry_after_s if isinstance(error, OverloadedError) else 1.0
        return RefusedError(503, "overloaded", "not stored yet, send it again", retry_after_s=wait)
    return RefusedError(500, "internal", "the fault is ours; it has been logged")
