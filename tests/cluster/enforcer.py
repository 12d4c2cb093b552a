"""Enforces NetworkPolicies with iptables in the node's network namespace, as far as the chart uses them.

The cluster of infra/cluster stores policies only, and no enforcer could be had as a Go module. What is not understood
is an error, so nothing is passed over: selectors are `matchLabels`, peers are namespaces or address ranges, and ports
are numbers.
"""

import threading
from collections.abc import Iterator
from typing import Any, Self

from tests.cluster.kube import ROOT, listed, run

CHAIN = "POLICIES"


def _selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, selector
    return selector.get("matchLabels", {}).items() <= labels.items()


def _addresses(peers: list[Any] | None, namespaces: list[Any], pods: list[Any]) -> list[str]:
    """Return the addresses of peers; no peers are everybody."""
    if not peers:
        return ["0.0.0.0/0"]
    found = []
    for peer in peers:
        assert len(peer) == 1, peer
        if "ipBlock" in peer:
            found.append(peer["ipBlock"]["cidr"])
            continue
        names = {
            namespace["metadata"]["name"]
            for namespace in namespaces
            if _selected(peer["namespaceSelector"], namespace["metadata"]["labels"])
        }
        found += [pod["status"]["podIP"] for pod in pods if pod["metadata"]["namespace"] in names]
    return found


def _chain(name: str, direction: str, policies: list[Any], namespaces: list[Any], pods: list[Any]) -> Iterator[str]:
    """Yield the rules of one pod in one direction: what a policy opens returns, everything else is refused."""
    yield f":{name} - [0:0]"
    peers, flag = ("from", "-s") if direction == "ingress" else ("to", "-d")
    for policy in policies:
        for rule in policy["spec"].get(direction, []):
            for address in _addresses(rule.get(peers), namespaces, pods):
                for port in rule["ports"]:
                    protocol = port.get("protocol", "TCP").lower()
                    yield f"-A {name} {flag} {address} -p {protocol} --dport {int(port['port'])} -j RETURN"
    yield f"-A {name} -j REJECT"


def rules(namespace: str) -> str:
    """Return what iptables-restore makes of the policies of a namespace."""
    namespaces = listed(namespace, "namespaces")
    pods = [pod for pod in listed(namespace, "pods", everywhere=True) if pod["status"].get("podIP")]
    policies = listed(namespace, "networkpolicies")
    chains, jumps = [f":{CHAIN} - [0:0]"], [f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"]
    for number, pod in enumerate(pod for pod in pods if pod["metadata"]["namespace"] == namespace):
        for direction, flag in (("egress", "-s"), ("ingress", "-d")):
            mine = [
                policy
                for policy in policies
                if _selected(policy["spec"]["podSelector"], pod["metadata"]["labels"])
                and direction.title() in policy["spec"]["policyTypes"]
            ]
            if mine:
                name = f"POLICY-{number}-{direction}"
                chains += _chain(name, direction, mine, namespaces, pods)
                jumps.append(f"-A {CHAIN} {flag} {pod['status']['podIP']} -j {name}")
    return "\n".join(["*filter", *sorted(chains, key=lambda line: line[0] != ":"), *jumps, "COMMIT", ""])


class Enforcer:
    """Keeps the rules as the pods come and go, until it is left."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._apply()
        for chain in ("FORWARD", "INPUT"):
            _iptables("iptables", "-I", chain, "-j", CHAIN)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()
        for chain in ("FORWARD", "INPUT"):
            _iptables("iptables", "-D", chain, "-j", CHAIN)
        assert self.failures == []

    def _apply(self) -> None:
        _iptables("iptables-restore", "--noflush", stdin=rules(self._namespace))

    def _keep(self) -> None:
        while not self._left.wait(0.3):
            try:
                self._apply()
            except AssertionError as error:
                self.failures.append(str(error))


def _iptables(*command: str, stdin: str | None = None) -> None:
    run(ROOT / "infra/cluster/in-node.sh", *command, stdin=stdin)
