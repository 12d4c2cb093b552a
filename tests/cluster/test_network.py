"""What the chart's NetworkPolicies open is enough, and what they do not open is closed; enforced on the real node."""

import pytest

from tests.cluster.enforcer import Enforcer
from tests.cluster.kube import PLATFORM, Probe, Site, helm, kubectl, listed, until

KAFKA, REDIS = "kafka.platform.svc.cluster.local:9092", "redis.platform.svc.cluster.local:6379"
RECEIVER, API_SERVER = "receiver.platform.svc.cluster.local:8080", "10.96.0.1:443"
CONNECT = (
    "import socket, sys; host, port = sys.argv[1].rsplit(':', 1); socket.create_connection((host, int(port)), 3); "
    "print('open')"
)


@pytest.fixture(scope="module")
def walled(site: Site):
    with Enforcer(site.name):
        yield site


def _reaches(namespace: str, source: str, target: str) -> bool:
    command = ("exec", source, "--", "python3.11", "-c", CONNECT, target)
    return "open" in kubectl("-n", namespace, *command, check=False)


@pytest.mark.parametrize(
    ("component", "target", "is_open"),
    [
        ("route", KAFKA, True),
        ("route", REDIS, True),
        ("route", RECEIVER, False),
        ("route", API_SERVER, False),
        ("notify", RECEIVER, True),
        ("notify", API_SERVER, False),
        ("http", KAFKA, True),
        ("http", RECEIVER, False),
    ],
)
def test_a_component_reaches_what_it_needs_and_nothing_else(walled, component, target, is_open):
    assert _reaches(walled.name, f"deploy/hub-fairwatch-{component}", target) is is_open


def test_others_reach_what_listens_and_nothing_else(walled):
    def address(component, port):
        [pod, *_] = walled.pods(component)
        return f"{pod['status']['podIP']}:{port}"

    assert _reaches(PLATFORM, "deploy/receiver", walled.address("http"))
    assert _reaches(PLATFORM, "deploy/receiver", walled.address("console"))
    assert not _reaches(PLATFORM, "deploy/receiver", address("route", 9090)), "metrics are for the monitoring namespace"
    assert not _reaches(PLATFORM, "deploy/receiver", address("http", 9090))


def test_pods_that_start_behind_the_walls_become_ready_and_work(walled):
    kubectl("-n", walled.name, "delete", "pod", "-l", "app.kubernetes.io/instance=hub", "--wait=false")
    until("the old pods are gone", lambda: len(walled.pods()) == len(listed(walled.name, "pods")), 120)
    kubectl("-n", walled.name, "wait", "--for=condition=Available", "deploy", "--all", "--timeout=180s")
    helm("test", "hub", "-n", walled.name, "--timeout", "3m")
    assert Probe("walls", "tamper.other", "--events", "20").result()["lost"] == 0
