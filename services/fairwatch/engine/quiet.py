"""Keeps client libraries from flooding the log while the broker is away."""

import logging
import time
from collections.abc import Callable

LIBRARIES = ("aiokafka", "faust", "mode")


class OncePer(logging.Filter):
    """Lets each message template of a library through once in a while.

    aiokafka retries several times a second and says so each time.
    """

    def __init__(self, every_s: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._now = now
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may pass."""
        if not record.name.startswith(LIBRARIES):
            return True
        said = (record.name, str(record.msg))
        now = self._now()
        last = self._last.get(said)
        if last is not None and now - last < self._every_s:
            return False
        self._last[said] = now
        return True


def quieten() -> None:
    """Put the filter on every handler of the root logger."""
    once = OncePer()
    for handler in logging.getLogger().handlers:
        if not any(isinstance(present, OncePer) for present in handler.filters):
            handler.addFilter(once)
    for library in (*LIBRARIES, "fairwatch.engine"):  # Faust names its loggers after our subclasses
        logging.getLogger(library).setLevel(logging.WARNING)
