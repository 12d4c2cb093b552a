"""The profile of a small site, and the memory that it really takes while events flow."""

import json
from collections import Counter

import pytest

from tests.cluster.kube import CHART, CLUSTER, HERE, PLATFORM, Probe, Site, kubectl

MB = 1_000_000
DEPLOYMENT = "deployment.apps/"
WITHOUT_KAFKA, WITH_KAFKA = 1500, 2500
VOLUME = """
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "media"},
   "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "claimRef": {"namespace": "small", "name": "fairwatch-media"}, "hostPath": {"path": "%s"}}},
  {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "fairwatch-media", "namespace": "small"},
   "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}}}]}
"""


@pytest.fixture(scope="module")
def small(cluster):
    site = Site("small", CHART / "values-small-site.yaml", HERE / "small-site.yaml")
    site.make_namespace()
    media = CLUSTER / "media"
    media.mkdir(exist_ok=True)
    media.chmod(0o1777)
    kubectl("apply", "-f", "-", stdin=VOLUME % media)
    site.helm("install")
    yield site
    kubectl("delete", "namespace", "small", "--wait=false")
    kubectl("delete", "pv", "media", "--wait=false")


def _memory():
    """Return the working set of each component in MB, as the kubelet counts it."""
    summary = json.loads(kubectl("get", "--raw", "/api/v1/nodes/node/proxy/stats/summary"))
    sizes = {}
    for pod in summary["pods"]:
        name, namespace = pod["podRef"]["name"], pod["podRef"]["namespace"]
        if namespace == "small" or (namespace == PLATFORM and name.startswith(("kafka", "redis"))):
            sizes[name.removeprefix("hub-fairwatch-").split("-")[0]] = pod["memory"].get("workingSetBytes", 0) / MB
    return sizes


def test_a_small_site_fits_its_promise_while_events_flow(small, numbers):
    most = Counter(_memory())
    probe = Probe("small", "tamper.other", "--events", "3000", "--rate", "50", "--patience", "90", prefix="small.")
    while probe.running:
        most |= Counter(_memory())
    result = probe.result()
    kafka = most.pop("kafka")
    numbers(
        small_site_mb={name: round(size, 1) for name, size in sorted(most.items())},
        small_site_total_mb=round(sum(most.values())),
        small_site_kafka_mb=round(kafka),
        small_site_events=result,
    )
    deployed = kubectl("-n", "small", "get", "deployments", "-o", "name").split()
    assert most.keys() == {*(name.removeprefix(f"{DEPLOYMENT}hub-fairwatch-") for name in deployed), "redis"}
    assert (result["lost"], result["doubled"]) == (0, 0)
    assert sum(most.values()) <= WITHOUT_KAFKA
    assert sum(most.values()) + kafka <= WITH_KAFKA
    assert small.restarts() == {}, "nothing came to its limit"
