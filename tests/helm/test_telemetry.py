"""Dashboards and traces, as the chart brings them."""

import json

from fairwatch.apps.catalogue import components
from tests.helm.chart import VARIANTS, everything, needs_helm, pods

pytestmark = needs_helm
ALL, DEFAULT = VARIANTS["everything"], VARIANTS["default"]


def dashboards(variant):
    found = everything(variant, "ConfigMap")
    return {found["metadata"]["name"]: found for found in found if "-dashboard-" in found["metadata"]["name"]}


def ports(policy):
    return {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}


def environment(pod):
    return {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}


def test_dashboards_come_when_asked_for_as_the_sidecar_wants_them():
    assert dashboards(DEFAULT) == {}
    found = dashboards(ALL)
    assert set(found) == {
        f"hub-fairwatch-dashboard-{name}" for name in ("overview", "pipeline", "devices", "governance")
    }
    for config_map in found.values():
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert config_map["metadata"]["annotations"] == {"grafana_folder": "Fairwatch"}
        [(name, content)] = config_map["data"].items()
        assert json.loads(content)["uid"] == name.removesuffix(".json")
        assert "{{component}}" in content or name.startswith("fairwatch-governance")


def test_every_component_exports_traces_when_asked_to_and_may_reach_the_collector():
    exporting = {
        name.rpartition("hub-fairwatch-")[2]
        for name, pod in pods(ALL).items()
        if environment(pod).get("FAIRWATCH_OTLP_ENDPOINT") == "http://collector:4318"
    }
    assert exporting >= set(components())
    assert {environment(pod).get("FAIRWATCH_TRACE_RATIO") for pod in pods(ALL).values()} == {"0.1"}
    assert not any("FAIRWATCH_OTLP_ENDPOINT" in environment(pod) for pod in pods(DEFAULT).values())
    for variant, open_ in ((ALL, True), (DEFAULT, False)):
        for policy in everything(variant, "NetworkPolicy"):
            if policy["metadata"]["name"].rpartition("hub-fairwatch-")[2] in components():
                assert (4318 in ports(policy)) == open_, policy["metadata"]["name"]
