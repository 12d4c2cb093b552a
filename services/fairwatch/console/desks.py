"""The desks of the console, beside the one for alerts and candidates: each brings what its pages ask for."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fairwatch.console.audit_log import AUDIT, AuditDesk
from fairwatch.console.causes import CAUSES, CausesDesk
from fairwatch.console.lineage import LINEAGE, LineageDesk
from fairwatch.console.on_call import CALLS, OnCallDesk
from fairwatch.console.silences import SILENCES, SilenceDesk
from fairwatch.console.sites import ARMING, ArmingDesk
from fairwatch.console.waiting import WAITING, WaitingDesk


@dataclass(frozen=True)
class Desks:
    """What is asked for at each desk; one that is not named has nothing to show.

    Attributes:
        silences: Which there are, and who may make some.
        arming: Which sites are armed.
        waiting: What waits for a second person.
        audit: Reads the audit log.
        lineage: Explains an alert by its id.
        calls: Says who is on call.
        causes: Reads all causes of an alert.
    """

    silences: SilenceDesk
    arming: ArmingDesk
    waiting: WaitingDesk = field(default_factory=WaitingDesk)
    audit: AuditDesk = field(default_factory=AuditDesk)
    lineage: LineageDesk = field(default_factory=LineageDesk)
    calls: OnCallDesk = field(default_factory=OnCallDesk)
    causes: CausesDesk = field(default_factory=CausesDesk)

    def open_in(self, app: web.Application) -> None:
        """Let the application's pages find them."""
        app[SILENCES], app[ARMING], app[WAITING] = self.silences, self.arming, self.waiting
        app[AUDIT], app[LINEAGE], app[CALLS], app[CAUSES] = self.audit, self.lineage, self.calls, self.causes

    def following(self) -> list[Coroutine[Any, Any, None]]:
        """Return what keeps them up to date while the console runs."""
        alone = (self.silences.following, self.waiting.following)
        return [*self.arming.following, *(work for work in alone if work is not None)]
