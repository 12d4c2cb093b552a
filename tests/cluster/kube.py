"""The cluster of infra/cluster, as the tests use it."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CHART = ROOT / "helm" / "fairwatch"
CACHE = Path(os.environ.get("FAIRWATCH_CACHE") or Path.home() / ".cache/fairwatch")
CLUSTER = Path(os.environ.get("CLUSTER_DIR") or CACHE / "cluster")
ENVIRONMENT = {
    **os.environ,
    "CLUSTER_DIR": str(CLUSTER),
    "KUBECONFIG": str(CLUSTER / "kubeconfig"),
    "PATH": f"{CLUSTER / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
}
PLATFORM = "platform"


def run(*command: str | Path, stdin: str | None = None, check: bool = True) -> str:
    """Run a command and return what it printed; a failure is told with its own words."""
    result = subprocess.run(
        list(map(str, command)), env=ENVIRONMENT, input=stdin, capture_output=True, text=True, check=False
    )
    if check and result.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {result.stdout}{result.stderr}")
    return result.stdout


def kubectl(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
    return run("kubectl", *arguments, stdin=stdin, check=check)


def helm(*arguments: str | Path) -> str:
    return run("helm", *arguments)


def listed(namespace: str, kind: str, selector: str = "") -> list[Any]:
    """Return the objects of a kind."""
    chosen = ["-l", selector] if selector else []
    return json.loads(kubectl("-n", namespace, "get", kind, *chosen, "-o", "json"))["items"]


def until(what: str, condition: Callable[[], Any], seconds: float = 120) -> float:
    """Wait for a condition and return how many seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)
    return time.monotonic() - began


class Site:
    """One release of the chart in a namespace of its own, where only restricted pods may run."""

    def __init__(self, name: str, *values: Path | str) -> None:
        self.name = name
        self.values = [word for path in values for word in ("-f", str(path))]

    def make_namespace(self) -> None:
        kubectl("create", "namespace", self.name)
        kubectl("label", "namespace", self.name, "pod-security.kubernetes.io/enforce=restricted")
        secret = "CONTROL_ROOM_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
        kubectl("-n", self.name, "create", "secret", "generic", "receivers", f"--from-literal={secret}")

    def helm(self, verb: str, *more: str) -> float:
        """Install or upgrade, wait until everything is ready, and return the seconds that it took."""
        began = time.monotonic()
        helm(verb, "hub", CHART, "-n", self.name, *self.values, "--wait", "--timeout", "4m", *more)
        return time.monotonic() - began

    def pods(self, component: str = "") -> list[Any]:
        """Return the pods that are not on their way out."""
        selector = "app.kubernetes.io/instance=hub" + (f",app.kubernetes.io/component={component}" if component else "")
        return [pod for pod in listed(self.name, "pods", selector) if "deletionTimestamp" not in pod["metadata"]]

    def restarts(self) -> dict[str, int]:
        """Return the containers that were started again."""
        counts = {
            pod["metadata"]["name"]: sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
            for pod in self.pods()
        }
        return {name: count for name, count in counts.items() if count}

    def ready(self, component: str, replicas: int) -> bool:
        """Return whether a component has exactly so many replicas, all ready."""
        status = json.loads(kubectl("-n", self.name, "get", "deploy", f"hub-fairwatch-{component}", "-o", "json"))
        return (status["status"].get("replicas", 0), status["status"].get("readyReplicas", 0)) == (replicas, replicas)


def receiver() -> dict[str, int]:
    """Return what the control room has counted."""
    return json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/{PLATFORM}/services/receiver:8080/proxy/"))


class Probe:
    """`fairwatch probe` in a pod of the platform's namespace, going on while the test does something else."""

    def __init__(self, name: str, *arguments: str, prefix: str = "") -> None:
        self.name = f"probe-{name}"
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.name, "namespace": PLATFORM},
            "spec": {
                "restartPolicy": "Never",
                "enableServiceLinks": False,
                "containers": [
                    {
                        "name": "probe",
                        "image": "fairwatch:0.1.0",
                        "args": ["probe", *arguments, "--json"],
                        "env": [
                            {"name": "FAIRWATCH_KAFKA_BOOTSTRAP", "value": "kafka.platform.svc.cluster.local:9092"},
                            {"name": "FAIRWATCH_TOPIC_PREFIX", "value": prefix},
                        ],
                    }
                ],
            },
        }
        kubectl("-n", PLATFORM, "delete", "pod", self.name, "--ignore-not-found")
        kubectl("apply", "-f", "-", stdin=json.dumps(pod))
        until(f"{self.name} runs", lambda: self._phase() != "Pending", 60)

    def _phase(self) -> str:
        return kubectl("-n", PLATFORM, "get", "pod", self.name, "-o", "jsonpath={.status.phase}")

    @property
    def running(self) -> bool:
        return self._phase() == "Running"

    def result(self, seconds: float = 400) -> dict[str, float]:
        """Wait for its end and return what it counted."""
        until(f"{self.name} ends", lambda: not self.running, seconds)
        said = kubectl("-n", PLATFORM, "logs", self.name)
        lines = [line for line in said.splitlines() if line.startswith("{")]
        assert lines, said
        return json.loads(lines[-1])
