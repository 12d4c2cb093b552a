"""Reads the audit log for the console in the background, and lets a search wait for that only a moment."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final

import structlog

from fairwatch.apps.audit_index import AuditIndex
from fairwatch.console.audit_log import Wanted
from fairwatch.domain.errors import FairwatchError

PATIENCE_S: Final = 5.0
log = structlog.get_logger()


class AuditReading:
    """One thread that reads on; a search answers from what it has read.

    Args:
        index: What is read into.
        patience_s: How long a search waits for what came since.
    """

    def __init__(self, index: AuditIndex, patience_s: float = PATIENCE_S) -> None:
        self._index = index
        self._patience_s = patience_s
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, "audit-reading")
        self._turn = threading.Lock()
        self._under_way: Future[None] | None = None

    def go_on(self) -> "Future[None]":
        """Return the reading that is under way, begun now where there is none."""
        with self._turn:
            if self._under_way is None or self._under_way.done():
                self._under_way = self._thread.submit(self._read)
            return self._under_way

    def look(self, wanted: Wanted) -> dict[str, Any]:
        """Return what `AuditIndex.find` does; where the log is long, of what was read until now.

        Raises:
            RetryableError: No broker answers.
        """
        under_way = self.go_on()
        if under_way in wait([under_way], self._patience_s).done:
            under_way.result()
        return self._index.find(wanted)

    def close(self) -> None:
        """Stop reading, and wait for that."""
        self._stop.set()
        self._thread.shutdown(cancel_futures=True)

    def _read(self) -> None:
        try:
            self._index.read(self._stop.is_set)
        except FairwatchError as error:
            log.warning("audit.unread", error=str(error))  # whoever looks next tries again
            raise
