"""Every component by its one name: processors, gateways, the console; and how each is run."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from typing import Literal

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that can run as a process of its own; `run` blocks and returns the exit code."""

    name: str
    kind: Literal["gateway", "processor", "console"]
    summary: str
    run: Callable[[Settings], int]


Gateway = Literal["http", "mqtt", "viid", "hikvision-stream"]

GATEWAYS: dict[Gateway, str] = {
    "http": "takes makers' webhooks and WS-BaseNotification over HTTP",
    "mqtt": "subscribes to Frigate and to ONVIF over MQTT",
    "hikvision-stream": "reads the event streams of Hikvision cameras and recorders, one replica each",
    "viid": "serves the GA/T 1400 interface to devices and platforms",
}
PROCESSORS = {
    "normalize": "reads payloads with the adapters: raw events to observations",
    "enrich": "adds device, site, zones and corrected time: observations to sightings",
    "match": "compares faces and plates with what is authorised: sightings to candidates",
    "verify": "asks as many people as the authorisation demands: candidates to verdicts",
    "route": "decides which sightings and verdicts are alerts, and for whom",
    "group": "keeps one alert for each group, with a life",
    "notify": "hands alerts to receivers, signed, with a ledger",
    "audit": "chains what people and rules decided",
    "project": "folds what the console shows into Redis",
    "retain": "deletes pictures and raw bodies that are past their lifetime",
}

# Chains that chart, ACLs and doctor know, by the name of the deployment; `fairwatch run` takes any other one too.
CHAINS: dict[str, tuple[str, ...]] = {
    "ingest": ("normalize", "enrich", "match", "route"),
    "alerts": ("group", "notify"),
}


@cache
def components() -> Mapping[str, Component]:
    """Return every component by name."""
    parts = [Component(name, "gateway", summary, partial(_gateway, name=name)) for name, summary in GATEWAYS.items()]
    parts += [
        Component(name, "processor", summary, partial(_processor, name=name)) for name, summary in PROCESSORS.items()
    ]
    parts.append(Component("console", "console", "the page for people", _console))
    return {part.name: part for part in parts}


def find(name: str) -> Component:
    """Return a component, or a chain of processors (`match+route`); ConfigurationError says which names there are."""
    known = components()
    if "+" in name:
        return _chain(name)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise ConfigurationError(f"there is no component {name!r}{hint} (known: {', '.join(known)})")
    return known[name]


def _chain(name: str) -> Component:
    parts = [find(part) for part in name.split("+")]
    order = [list(PROCESSORS).index(part.name) for part in parts if part.kind == "processor"]
    if len(order) < len(parts) or order != sorted(set(order)):
        raise ConfigurationError(f"{name!r} is no chain: processors, each once, in this order: {', '.join(PROCESSORS)}")
    return Component(
        name, "processor", f"{' and '.join(part.name for part in parts)} in one", partial(_processor, name=name)
    )


# What a process does not run, it does not import: start-up time and memory are counted per process.


def _gateway(settings: Settings, *, name: Gateway) -> int:
    from fairwatch.apps.gateways import run_gateway  # noqa: PLC0415

    return asyncio.run(run_gateway(settings, name))


def _processor(settings: Settings, *, name: str) -> int:
    from fairwatch.apps.processors import run_processor  # noqa: PLC0415

    return run_processor(settings, name)


def _console(settings: Settings) -> int:
    from fairwatch.apps.people import run_people  # noqa: PLC0415

    return asyncio.run(run_people(settings))
