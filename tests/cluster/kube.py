"""The cluster of infra/cluster, as the tests use it."""

import hashlib
import json
import os
import subprocess
import threading
import time
import urllib.request
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


def listed(namespace: str, kind: str, selector: str = "", *, everywhere: bool = False) -> list[Any]:
    """Return the objects of a kind."""
    chosen = ["-l", selector] if selector else []
    where = ["-A"] if everywhere else ["-n", namespace]
    return json.loads(kubectl("get", kind, *where, *chosen, "-o", "json"))["items"]


def until(what: str, condition: Callable[[], Any], seconds: float = 120) -> float:
    """Wait for a condition and return how many seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)
    return time.monotonic() - began


class Cameras:
    """Cameras that send one event each over HTTP, and try again as devices do until the gateway has taken it."""

    EVENT = (ROOT / "services/fairwatch/formats/hikvision/recordings/hikvision-isapi/shelteralarm.xml").read_bytes()

    def __init__(self, count: int) -> None:
        self.names = [f"camera-{number}" for number in range(count)]
        self.refused = 0
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._stop = threading.Event()

    @staticmethod
    def key(name: str) -> str:
        """Return the API key of a camera; of a test, so anybody may guess it."""
        return hashlib.sha256(name.encode()).hexdigest()

    def bindings(self) -> str:
        """Return the devices.yaml that lets them in."""
        devices = [
            {"device_id": name, "api_key_hash": f"sha256:{hashlib.sha256(self.key(name).encode()).hexdigest()}"}
            | {"api_key_in_path": True, "format": "hikvision-isapi"}
            for name in self.names
        ]
        return json.dumps({"devices": devices})

    def start(self, address: str, every_s: float) -> None:
        self._address, self._every_s = address, every_s
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until all have sent."""
        self._thread.join(seconds)
        self._stop.set()
        assert not self._thread.is_alive(), f"the gateway took nothing for long; {self.refused} refusals"

    def _send(self) -> None:
        for name in self.names:
            url = f"http://{self._address}/v1/push/{name}/{self.key(name)}"
            while not self._stop.is_set() and not self._posted(url):
                self.refused += 1
                time.sleep(0.2)
            time.sleep(self._every_s)

    def _posted(self, url: str) -> bool:
        request = urllib.request.Request(url, self.EVENT, {"Content-Type": "application/xml"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


class Site:
    """One release of the chart in a namespace of its own, where only restricted pods may run."""

    def __init__(self, name: str, *values: Path | str) -> None:
        self.name = name
        self.values = [word for path in values for word in ("-f", str(path))]

    def set_file(self, key: str, path: Path) -> None:
        """Take a value from a file, from now on."""
        self.values += ["--set-file", f"{key}={path}"]

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

    def address(self, component: str) -> str:
        """Return where a component's Service listens."""
        service = f"hub-fairwatch-{component}"
        return kubectl(
            "-n", self.name, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}"
        )  # fmt: skip

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
