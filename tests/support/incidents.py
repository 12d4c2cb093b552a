"""Events of alerts on their way to incidents, and a processor that takes them in."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.policy.incidents.step import step_of
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.incident import Incident
from tests.support.processor_world import MemoryState, World
from tests.support.records import AT, trigger

SECOND = 1_000_000
MINUTE = 60 * SECOND


def rules_of(**rule: Any) -> RuleBook:
    """Return rules with one rule of incidents named `yard`."""
    said = {"name": "yard", "within": "2m", "lateness": "5m", **rule}
    return RuleBook(RouteTree(Routes.model_validate({"route": {"receivers": ["room"]}, "incidents": [said]})), None)


class Place:
    """The processor of one place, which remembers the newest revision of each incident."""

    def __init__(self, state: MemoryState | None = None, clock: ManualClock | None = None, **rule: Any) -> None:
        more = {name: rule.pop(name) for name in ("erasures", "merges", "unread_steps") if name in rule}
        self.rules = rules_of(**rule)
        self.state, self.clock = state or MemoryState(), clock or ManualClock(AT)
        self.world = World(Incident(self.rules, self.state, self.clock, **more), self.clock)
        self.incidents: dict[str, Mapping[str, Any]] = {}
        self.told = 0

    async def sees(self, number: int, *, at: float, alert: str = "", **fields: Any) -> list[Outcome]:
        """Take in an event at so many seconds, of an alert of its own unless one is named."""
        return await self.hears(self.step(number, at=at, alert=alert, **fields))

    def step(self, number: int, *, at: float, alert: str = "", **fields: Any) -> dict[str, Any]:
        """Return the step of a trigger."""
        fields = {"site_id": "harbour", **fields}
        if "device" in fields:
            fields["device_ids"] = [fields.pop("device")]
        raised = trigger(n=number, at=AT + round(at * SECOND), **fields)
        found = step_of(raised, alert or f"alert-{number}", self.rules.tree.routes.incidents)
        assert found is not None
        return found

    async def hears(self, step: Mapping[str, Any]) -> list[Outcome]:
        """Take in a step."""
        [answer] = await self.world.push(self.world.event("incident-steps", "Alert", step))
        self._note(answer)
        return answer

    async def does(self, deed: Mapping[str, Any]) -> list[Outcome]:
        """Take in what a person does."""
        [answer] = await self.world.push(self.world.event("incident-actions", "IncidentAction", deed))
        self._note(answer)
        return answer

    async def waits(self, seconds: float) -> None:
        """Let time pass."""
        self._note(await self.world.tick(seconds))

    def _note(self, outcomes: list[Any]) -> None:
        for emit in outcomes:
            if isinstance(emit, Emit) and emit.topic == "incidents":
                self.told += 1
                if emit.record is None:
                    self.incidents.pop(emit.key, None)
                else:
                    assert emit.record["revision"] == self.incidents.get(emit.key, {"revision": -1})["revision"] + 1
                    self.incidents[emit.key] = emit.record

    def groups(self) -> set[frozenset[str]]:
        """Return the alerts of each incident that is not merged into another."""
        return {
            frozenset(member["alert_id"] for member in each["members"])
            for each in self.incidents.values()
            if each["state"] != "MERGED"
        }

    @property
    def one(self) -> Mapping[str, Any]:
        """The only incident that there is."""
        [found] = [each for each in self.incidents.values() if each["state"] != "MERGED"]
        return found
