"""A component is added with one file, or one folder, and one entry: everything else is derived."""

import json

import pytest
import yaml

from tests.support.copied_house import add_entry, ask, copy_house

PROCESSOR = '''"""Counts sightings."""

from collections.abc import Sequence

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Outcome, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.parts import spec_of


class Tally:
    """Counts, and says nothing."""

    spec = spec_of("tally")

    def __init__(self, state: State, sites: Reference) -> None:
        self.given = state, sites

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        return [[Skip("counted")] for _ in batch]
'''
EDGE = '''"""Asks doorbells what rang."""

import asyncio

from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Ground, Puller
from fairwatch.stores.leases import Leases


class Options(FromEnvironment):
    """How often it asks."""

    doorbell_every_s: float = 5


class Doorbells:
    """Asks until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


def pull(ground: Ground, leases: Leases) -> Puller:
    """Make what asks."""
    return Doorbells()
'''
ENTRIES = """
    Part(
        name="tally",
        kind="processor",
        summary="counts sightings",
        does="counts what is seen",
        spec=Spec(name="tally", reads=("sightings",), writes=("audit",), references=("sites",), state=True),
    ),
    Part(
        name="door-bell",
        kind="gateway",
        way="pull",
        summary="asks doorbells what rang",
        does="asks doorbells",
        writes=("raw-events",),
        needs=("devices",),
        chart=OFF | FIXED,
    ),
"""
QUESTION = """
import asyncio
from fairwatch.apps.catalogue import find
from fairwatch.apps.demo import stage, table
from fairwatch.apps.processors import build
from fairwatch.apps.topics_access import changelogs, deployments
from fairwatch.apps.topics_acls import principals
from fairwatch.console.config import STAGES
from fairwatch.domain.clock import SystemClock
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.edge import options_of, serve
from fairwatch.wire.topics import PARTIES, topics
async def runs():
    stop = asyncio.Event()
    Path("devices.yaml").write_text("devices: []")
    config = GatewayConfig(Path("devices.yaml"))
    return await serve("door-bell", config, None, None, SystemClock(), stop=stop, started=lambda _: stop.set()) == 0
print(json.dumps({"processor": {
    "a party of the wire": "tally" in PARTIES,
    "a reader of the topic": "tally" in topics()["sightings"].consumers,
    "a reader of what it holds whole": "tally" in topics()["sites"].consumers,
    "a writer of the topic": "tally" in topics()["audit"].producers,
    "a writer of dead letters": "tally" in topics()["sightings-dlq"].producers,
    "rights": {right.name for right in deployments()["tally"].rights()}
        >= {"sightings", "sites", "audit", "sightings-dlq", "fairwatch-tally", "fairwatch-tally-state"},
    "a topic of its state": "fairwatch-tally-state" in changelogs(),
    "a principal": "tally" in principals("User:fairwatch-{component}"),
    "a word of the command line": find("tally").summary == "counts sightings",
    "a place in chains": find("match+tally").kind == "processor",
    "a stage of the console": "tally" in STAGES,
    "a process of the demo, the benchmarks and the chaos run": "tally" in stage.PROCESSORS,
    "a row of the demo's table": "tally" in table.STAGES,
    "what its constructor names": build("tally", {"state": lambda: 1}, {"sites": 2}).given == (1, 2),
}, "gateway": {
    "a party of the wire": "door-bell" in PARTIES,
    "a writer of the topic": "door-bell" in topics()["raw-events"].producers,
    "rights": [(right.name, right.operations) for right in deployments()["door-bell"].rights()]
        == [("raw-events", ("Describe", "Write"))],
    "a principal": "door-bell" in principals("User:fairwatch-{component}"),
    "a word of the command line": find("door-bell").kind == "gateway",
    "options of its own": options_of("door-bell").read().doorbell_every_s == 5,
    "a process that runs": asyncio.run(runs()),
    "a row of the demo's table": "door-bell" in table.STAGES,
}}))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Give a copy of the program with a processor and a way in more, and what it says of each by its name."""
    folder = tmp_path_factory.mktemp("house")
    copy_house(folder)
    (folder / "services/fairwatch/processors/tally.py").write_text(PROCESSOR, encoding="utf-8")
    edge = folder / "services/fairwatch/edges/door_bell"
    edge.mkdir()
    (edge / "__init__.py").write_text("", encoding="utf-8")
    (edge / "edge.py").write_text(EDGE, encoding="utf-8")
    add_entry(folder, ENTRIES)
    return folder, ask(folder, QUESTION)


def in_files(folder, kind, name, page):
    """Return which generated files know a component."""
    chart = folder / "helm/fairwatch"

    def text(path):
        return path.read_text(encoding="utf-8")

    return {
        "values of the chart": name in yaml.safe_load(text(chart / "values.yaml"))[kind],
        "their schema": name in json.loads(text(chart / "values.schema.json"))["properties"][kind]["properties"],
        "the chart's page": f"`{kind}.{name}`" in text(chart / "README.md"),
        "rights in the chart": name in yaml.safe_load(text(chart / "files/topics.yaml"))["components"],
        "dashboards": f"|{name}" in text(chart / f"files/dashboards/{page}.json"),
        "the page of the wire": f"| `{name}` |" in text(folder / "infra/docs/wire.md"),
    }


def test_a_processor_of_one_file_and_one_entry_is_known_everywhere(house):
    folder, told = house
    views = told["processor"] | in_files(folder, "processors", "tally", "pipeline")
    assert [name for name, there in views.items() if not there] == []
    assert len(views) == 20


def test_a_way_in_of_one_folder_and_one_entry_is_known_everywhere(house):
    folder, told = house
    views = told["gateway"] | in_files(folder, "gateways", "door-bell", "devices")
    assert [name for name, there in views.items() if not there] == []
    assert len(views) == 14
