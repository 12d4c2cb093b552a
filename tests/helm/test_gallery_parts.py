"""What the chart renders where the lists of `match` are shared out among several deployments."""

from fairwatch.apps.catalogue import components
from fairwatch.apps.topics_access import deployments
from tests.helm.chart import CHART, VARIANTS, allowed, helm, needs_helm, resources

pytestmark = needs_helm
PREFIX = "site1."


def test_parts_of_the_lists_take_the_place_of_match_each_with_rights_of_its_own():
    found, scaled, users = (resources(VARIANTS["shards"], kind) for kind in ("Deployment", "ScaledObject", "KafkaUser"))
    names = {f"match-shard-{number}-of-2": f"{number}/2" for number in (1, 2)}
    assert set(found) == set(users) == set(components()) - {"match"} | set(names)
    for name, part in names.items():
        container = found[name]["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["run", "match"]
        assert {"name": "FAIRWATCH_GALLERY_SHARD", "value": part} in container["env"]
        triggers = [row["metadata"] for row in scaled[name]["spec"]["triggers"] if row["type"] == "kafka"]
        assert {row["consumerGroup"] for row in triggers} == {f"{PREFIX}fairwatch-{name}"}
        for kind in ("topic", "group", "transactionalId"):
            assert allowed(users[name], kind) == {
                (PREFIX + right.name, operation)
                for right in deployments(2)[name].rights()
                if right.kind == kind
                for operation in right.operations
            }


def test_parts_of_the_lists_run_in_no_chain():
    refused = helm("template", "hub", str(CHART), *VARIANTS["chains"], "--set", "galleryShards=2")
    assert refused.returncode
    assert "galleryShards is more than 1" in refused.stderr
