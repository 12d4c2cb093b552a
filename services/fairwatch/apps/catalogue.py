"""How each component of `fairwatch.parts` is run, alone or in a chain."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.part import Kind
from fairwatch.parts import of_kind, parts


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that can run as a process of its own; `run` blocks and returns the exit code."""

    name: str
    kind: Kind
    summary: str
    run: Callable[[Settings], int]


@cache
def components() -> Mapping[str, Component]:
    """Return every component by name."""
    return {
        part.name: Component(part.name, part.kind, part.summary, partial(_RUN[part.kind], name=part.name))
        for part in parts().values()
    }


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
    parts, flow = [find(part) for part in name.split("+")], list(of_kind("processor"))
    order = [flow.index(part.name) for part in parts if part.kind == "processor"]
    if len(order) < len(parts) or order != sorted(set(order)):
        raise ConfigurationError(f"{name!r} is no chain: processors, each once, in this order: {', '.join(flow)}")
    return Component(
        name, "processor", f"{' and '.join(part.name for part in parts)} in one", partial(_processor, name=name)
    )


# What a process does not run, it does not import: start-up time and memory are counted per process.


def _gateway(settings: Settings, *, name: str) -> int:
    import uvloop  # noqa: PLC0415

    from fairwatch.apps.gateways import run_gateway  # noqa: PLC0415

    return uvloop.run(run_gateway(settings, name))


def _processor(settings: Settings, *, name: str) -> int:
    from fairwatch.apps.processors import run_processor  # noqa: PLC0415

    return run_processor(settings, name)


def _console(settings: Settings, *, name: str) -> int:  # noqa: ARG001  # there is one
    from fairwatch.apps.people import run_people  # noqa: PLC0415

    return asyncio.run(run_people(settings))


_RUN: dict[Kind, Callable[..., int]] = {"gateway": _gateway, "processor": _processor, "console": _console}
