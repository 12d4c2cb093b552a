"""The life of a site on a real Kubernetes, in this order: installed, tried, hurt, upgraded, scaled, drained, gone."""

import json
import time

import pytest

from fairwatch.parts import of_kind
from tests.cluster.kube import Probe, helm, kubectl, listed, receiver, until

EXACTLY_ONCE = {"lost": 0, "doubled": 0}


def _once(result):
    return {name: result[name] for name in EXACTLY_ONCE}


def test_everything_becomes_ready_without_a_restart(site):
    deployed = {each["metadata"]["labels"]["app.kubernetes.io/component"] for each in listed(site.name, "deployments")}
    assert deployed > of_kind("processor", essential=True).keys()
    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in site.pods()} == deployed
    assert site.restarts() == {}


def test_sites_of_the_configuration_are_published(site):
    console = ("-n", site.name, "exec", "deploy/hub-fairwatch-console", "--")
    sites = kubectl(*console, "fairwatch", "tail", "sites", "--json", "--from", "beginning", "--until-end")
    assert json.loads(sites.splitlines()[0])["record"]["name"] == "Harbour Station"


def test_helm_test_publishes_an_event_and_sees_its_alert(site):
    helm("test", "hub", "-n", site.name, "--timeout", "3m")
    until("the control room is told", lambda: receiver()["delivered"] >= 1, 30)


def test_a_pod_deleted_in_the_middle_loses_and_doubles_nothing(site, numbers):
    probe = Probe("delete", "tamper.other", "--events", "400", "--rate", "20", "--patience", "90")
    for component in ("enrich", "route", "group", "notify"):
        time.sleep(2)
        victim = site.pods(component)[0]["metadata"]["name"]
        kubectl("-n", site.name, "delete", "pod", victim, "--wait=false")
    result = probe.result()
    numbers(pod_deleted=result)
    assert _once(result) == EXACTLY_ONCE


def test_upgrade_while_events_flow_loses_and_doubles_nothing(site, cameras, numbers):
    cameras.start(site.address("http"), every_s=0.4)
    probe = Probe("upgrade", "tamper.other", "--events", "2400", "--rate", "15", "--patience", "120")
    took = site.helm("upgrade", "--set", "image.tag=0.1.1")
    assert probe.running, "the upgrade outlived the events: send more"
    result = probe.result()
    cameras.join(120)
    until("the control room is told of every camera", lambda: receiver()["cameras"] == len(cameras.names), 60)
    numbers(upgrade=result, upgrade_s=round(took, 1), cameras=receiver(), cameras_had_to_repeat=cameras.refused)
    assert _once(result) == EXACTLY_ONCE
    assert receiver()["camera_alerts"] == len(cameras.names), "one alert for each camera"
    assert {pod["spec"]["containers"][0]["image"] for pod in site.pods()} == {"fairwatch:0.1.1"}


def test_rollback_while_events_flow_loses_and_doubles_nothing(site, numbers):
    probe = Probe("rollback", "tamper.other", "--events", "2400", "--rate", "15", "--patience", "120")
    began = time.monotonic()
    helm("rollback", "hub", "1", "-n", site.name, "--wait", "--timeout", "4m")
    took = time.monotonic() - began
    assert probe.running, "the rollback outlived the events: send more"
    result = probe.result()
    numbers(rollback=result, rollback_s=round(took, 1))
    assert _once(result) == EXACTLY_ONCE
    assert {pod["spec"]["containers"][0]["image"] for pod in site.pods()} == {"fairwatch:0.1.0"}


def test_hardly_any_delivery_is_repeated_and_each_says_so_by_its_id(site, numbers):
    """A time-out may hide that the receiver was told; it is told again under the same id, and knows."""
    told = receiver()
    numbers(deliveries=told)
    assert told["twice"] <= told["delivered"] / 100, told


def test_keda_scales_with_the_lag_and_back(site, numbers):
    scaled = "scaledobject/hub-fairwatch-enrich"
    until("enrich has one replica", lambda: site.ready("enrich", 1))
    kubectl("-n", site.name, "annotate", scaled, "autoscaling.keda.sh/paused-replicas=0")
    until("enrich is paused", lambda: site.ready("enrich", 0))
    flood = Probe("flood", "io.input", "--events", "12000", "--rate", "2000", "--patience", "1")
    flood.result()
    probe = Probe("scale", "tamper.other", "--events", "300", "--rate", "5", "--patience", "120")
    kubectl("-n", site.name, "annotate", scaled, "autoscaling.keda.sh/paused-replicas-")
    up = until("KEDA wants as many replicas as there are partitions", lambda: len(site.pods("enrich")) == 4)
    down = until("one replica is left when the lag is gone", lambda: site.ready("enrich", 1), 300)
    result = probe.result()
    numbers(keda={"up_to_4_s": round(up, 1), "back_to_1_s": round(down, 1)}, keda_events=result)
    assert _once(result) == EXACTLY_ONCE


def _evict(namespace, name):
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    try:
        kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    except AssertionError as error:
        return str(error)
    return "evicted"


def test_drain_takes_one_replica_at_a_time(site, numbers):
    until("route has two replicas", lambda: site.ready("route", 2))
    probe = Probe("drain", "tamper.other", "--events", "300", "--rate", "10", "--patience", "120")
    kubectl("cordon", "node")
    try:
        first, second = (pod["metadata"]["name"] for pod in site.pods("route"))
        assert _evict(site.name, first) == "evicted"
        assert "violate the pod's disruption budget" in _evict(site.name, second), "the last replica would have gone"
    finally:
        kubectl("uncordon", "node")
    until("the first one is replaced", lambda: site.ready("route", 2))
    assert _evict(site.name, second) == "evicted"
    until("the second one is replaced", lambda: site.ready("route", 2))
    result = probe.result()
    numbers(drain=result)
    assert _once(result) == EXACTLY_ONCE


BROKEN = ("--set-string", "config.files.routes\\.yaml=route: {receivers: nobody}")


def test_a_broken_configuration_is_refused_before_anything_changes(site):
    before = _templates(site)
    with pytest.raises(AssertionError, match="pre-upgrade hooks failed"):
        helm("upgrade", "hub", "helm/fairwatch", "-n", site.name, *site.values, "--timeout", "2m", *BROKEN)
    said = kubectl("-n", site.name, "logs", "job/hub-fairwatch-check")
    kubectl("-n", site.name, "delete", "job", "hub-fairwatch-check")  # it stays for its log, for an hour
    assert "routes.yaml: route.receivers" in said
    assert _templates(site) == before


def _templates(site):
    """Return what each deployment makes pods of; how many is KEDA's to say."""
    found = kubectl("-n", site.name, "get", "deployments", "-o", "json")
    return {one["metadata"]["name"]: one["spec"]["template"] for one in json.loads(found)["items"]}


def test_a_broken_configuration_that_nobody_checked_never_takes_over(site):
    with pytest.raises(AssertionError, match=r"timed out|deadline|not ready"):
        helm(
            "upgrade", "hub", "helm/fairwatch", "-n", site.name, *site.values, "--wait", "--timeout", "40s",
            "--set", "config.check=false", *BROKEN,
        )  # fmt: skip
    assert any(site.ready("route", count) or site.pods("route") for count in (2, 3))
    assert Probe("broken", "tamper.other").result()["lost"] == 0, "the old pods go on"


def test_uninstall_leaves_nothing_behind(site):
    helm("uninstall", "hub", "-n", site.name, "--wait", "--timeout", "3m")
    until("the pods are gone", lambda: not listed(site.name, "pods"))
    kinds = kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    mine = ["events", "events.events.k8s.io", "podmetrics.metrics.k8s.io"]
    left = kubectl(
        "-n", site.name, "get", ",".join(kind for kind in kinds if kind not in mine), "-o", "name", "--ignore-not-found"
    ).split()
    assert set(left) == {"configmap/kube-root-ca.crt", "serviceaccount/default", "secret/receivers"}
