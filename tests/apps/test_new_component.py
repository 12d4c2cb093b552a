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
ENTRY = """
    Part(
        name="tally",
        kind="processor",
        summary="counts sightings",
        does="counts what is seen",
        spec=Spec(name="tally", reads=("sightings",), writes=("audit",), references=("sites",), state=True),
    ),
"""
QUESTION = """
from fairwatch.apps.catalogue import find
from fairwatch.apps.demo import stage, table
from fairwatch.apps.processors import build
from fairwatch.apps.topics_access import changelogs, deployments
from fairwatch.apps.topics_acls import principals
from fairwatch.console.config import STAGES
from fairwatch.wire.topics import PARTIES, topics
print(json.dumps({
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
}))
"""


@pytest.mark.timeout(60)
def test_a_processor_of_one_file_and_one_entry_is_known_everywhere(tmp_path):
    copy_house(tmp_path)
    (tmp_path / "services/fairwatch/processors/tally.py").write_text(PROCESSOR, encoding="utf-8")
    add_entry(tmp_path, ENTRY)
    views = ask(tmp_path, QUESTION)
    chart = tmp_path / "helm/fairwatch"
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    views |= {
        "values of the chart": "tally"
        in yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))["processors"],
        "their schema": "tally" in schema["properties"]["processors"]["properties"],
        "the chart's page": "`processors.tally`" in (chart / "README.md").read_text(encoding="utf-8"),
        "rights in the chart": "tally"
        in yaml.safe_load((chart / "files/topics.yaml").read_text(encoding="utf-8"))["components"],
        "dashboards": "|tally" in (chart / "files/dashboards/pipeline.json").read_text(encoding="utf-8"),
        "the page of the wire": "| `tally` |" in (tmp_path / "infra/docs/wire.md").read_text(encoding="utf-8"),
    }
    assert [name for name, there in views.items() if not there] == []
    assert len(views) == 20
