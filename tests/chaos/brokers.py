"""Three brokers: a listener of their own for workers, behind the proxy, and one whose disk can be filled."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.support.containers import KAFKA_IMAGE, labels  # isort: skip  # sets testcontainers' options

import docker
from testcontainers.core.network import Network

from fairwatch.apps.embedded import free_port
from tests.support.kafka_cluster import Broker, Cluster

PROXIED = 9095
DISK_MIB = 1536
FOLDER = "/var/lib/kafka/data"


class ChaosCluster(Cluster):
    """Replication 3, `min.insync.replicas` 2.

    Attributes:
        disk: Of the last broker, small enough to be filled.
        pairs: (port for workers, port of the broker behind it), for the proxy.
    """

    def __init__(self, disk: "Disk") -> None:
        self._network = Network(docker_network_kw={"labels": labels()})
        names = tuple(f"broker-{node}" for node in (1, 2, 3))
        self.disk = disk
        self.pairs = [(free_port(), free_port()) for _ in names]
        self.brokers = [self._broker(node, names) for node in (1, 2, 3)]
        self.brokers[-1].with_volume_mapping(disk.volume, FOLDER, "rw")

    def _broker(self, node: int, names: tuple[str, ...]) -> Broker:
        name, (front, behind), port = names[node - 1], self.pairs[node - 1], free_port()
        properties = {
            "listeners": "CLIENT://0.0.0.0:9093,BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094,"
            f"WORKER://0.0.0.0:{PROXIED}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{port},BROKER://{name}:9092,WORKER://127.0.0.1:{front}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,WORKER:PLAINTEXT",
        }
        broker = Broker(node, names, properties, port=port, network=self._network, network_aliases=[name])
        return broker.with_bind_ports(PROXIED, behind)

    @property
    def proxied(self) -> str:
        """Addresses for workers."""
        return ",".join(f"127.0.0.1:{front}" for front, _ in self.pairs)


class Disk:
    """A small disk in memory; a container that does nothing keeps it while its broker is down.

    Attributes:
        volume: Name for the broker.
    """

    def __init__(self, volume: str, keeper: Any) -> None:
        self.volume = volume
        self._keeper = keeper

    def fill(self) -> None:
        """Leave no byte free."""
        self._sh("dd if=/dev/zero of=/disk/filler bs=1M; dd if=/dev/zero of=/disk/crumbs bs=1k; true")

    def free(self) -> None:
        """Give the space back."""
        self._sh("rm -f /disk/filler /disk/crumbs")

    def _sh(self, command: str) -> None:
        code, output = self._keeper.exec_run(["sh", "-c", command])
        if code:
            raise RuntimeError(f"{command}: {output.decode()}")


@contextmanager
def small_disk() -> Iterator[Disk]:
    """Give a disk that is gone afterwards."""
    client = docker.from_env()
    name = f"fairwatch-chaos-{uuid4().hex[:8]}"
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={DISK_MIB}m,mode=1777"}
    volume = client.volumes.create(name, driver="local", driver_opts=options, labels=dict(labels()))
    try:
        keeper = client.containers.run(
            KAFKA_IMAGE, ["-c", "exec sleep 7200"], entrypoint="sh", detach=True, labels=dict(labels()), user="0",
            volumes={name: {"bind": "/disk", "mode": "rw"}},
        )  # fmt: skip
        try:
            yield Disk(name, keeper)
        finally:
            keeper.remove(force=True)
    finally:
        volume.remove(force=True)
        client.close()
