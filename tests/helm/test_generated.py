"""What is generated of the chart is as schemas/topics, the catalogue and the values say; needs no helm."""

import json
import subprocess
import sys

import pytest
import yaml

from fairwatch.apps.catalogue import components
from fairwatch.console.people import People
from fairwatch.domain.clock import SystemClock
from fairwatch.edges.device_index import load_devices
from fairwatch.policy.routing import RouteTree
from fairwatch.sinks.receivers import read_receivers
from fairwatch.wire.topics import topics
from tests.helm.chart import CHART, ROOT

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
FLOW = yaml.safe_load((CHART / "files" / "topics.yaml").read_text(encoding="utf-8"))


def _undescribed(schema, path):
    for name, part in schema.get("properties", {}).items():
        if not part.get("description", "").endswith("."):
            yield f"{path}.{name}"
        yield from _undescribed(part, f"{path}.{name}")


def _open(schema, path):
    if "properties" in schema and schema.get("additionalProperties") is not False:
        yield path
    for name, part in schema.get("properties", {}).items():
        yield from _open(part, f"{path}.{name}")


def test_generated_files_are_up_to_date():
    result = subprocess.run(
        [sys.executable, "infra/helm/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("schema", [SCHEMA, *SCHEMA["$defs"].values()], ids=["values", *SCHEMA["$defs"]])
def test_every_value_is_described_and_a_typing_error_is_an_error(schema):
    assert list(_undescribed(schema, "")) == []
    assert list(_open(schema, "")) == []


def test_every_component_has_an_entry_of_its_kind():
    by_kind = {"processor": VALUES["processors"], "gateway": VALUES["gateways"], "console": {"console": 0}}
    assert {(kind, name) for kind, names in by_kind.items() for name in names} == {
        (part.kind, part.name) for part in components().values()
    }
    assert set(SCHEMA["properties"]["processors"]["properties"]) == set(VALUES["processors"])
    assert set(SCHEMA["properties"]["gateways"]["properties"]) == set(VALUES["gateways"])


def test_every_topic_has_its_reader_and_writer_in_the_chart():
    for topic in topics().values():
        for name, part in FLOW["components"].items():
            assert (topic.name in part["reads"] + part["references"]) == (name in topic.consumers), (topic.name, name)
            assert (topic.name in part["writes"]) == (name in topic.producers), (topic.name, name)


def test_default_configuration_is_accepted_by_the_components(tmp_path):
    for name, content in VALUES["config"]["files"].items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert RouteTree.read(tmp_path / "routes.yaml").rules == {}
    assert read_receivers(tmp_path / "receivers.yaml", SystemClock()) == {}
    assert load_devices(tmp_path / "devices.yaml").all == ()
    assert People.load(tmp_path / "people.yaml") is not None
