"""What is said of a component: where it stands in the flow, what it needs, and what a person is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairwatch.domain.processor import Spec

Kind = Literal["gateway", "processor", "console"]
Way = Literal["serve", "subscribe", "pull"]
# What a component connects to besides Kafka and Redis: the media store, the MQTT broker, devices, receivers of alerts,
# anchors of the audit log.
Need = Literal["media", "mqtt", "devices", "receivers", "anchors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component, told once: topics, ACLs, chart, console, Grafana, demo and benchmarks read this and nothing else.

    Attributes:
        name: CLI word, consumer group, Deployment, metric label; also the module or folder that holds its code.
        kind: What runs it.
        summary: Continues its name in lists and in the chart.
        does: The same for people at the console, in four words.
        spec: Topics and state of a processor.
        writes: Topics that anything else writes; references: those that it reads whole.
        way: How a gateway comes by what it takes in.
        port: Where it listens unless told otherwise; 0 where nobody connects.
        needs: What it connects to besides Kafka and Redis.
        essential: Without it people miss something at once: the console shows its silence, and the demo runs it.
        chart: Its values in the chart, where they differ from those of all (`defaults`).
    """

    name: str
    kind: Kind
    summary: str
    does: str
    spec: Spec | None = None
    writes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    way: Way | None = None
    port: int = 0
    needs: tuple[Need, ...] = ()
    essential: bool = True
    chart: Mapping[str, Any] = field(default_factory=dict)

    def produces(self) -> tuple[str, ...]:
        """Return the topics that it writes; dead letters are told by what it reads."""
        return self.spec.writes if self.spec else self.writes

    def consumes(self) -> tuple[str, ...]:
        """Return the topics that it reads, shared with its replicas or whole."""
        return (*self.spec.reads, *self.spec.references) if self.spec else self.references

    @property
    def module(self) -> str:
        """The Python module below `processors`, or the folder below `edges`, that holds its code."""
        return self.name.replace("-", "_")
