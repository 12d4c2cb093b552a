"""Apache Kafka in containers: one broker, or three that can be killed, paused and started again one by one."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

from tests.support.containers import KAFKA_IMAGE, labels, require_containers  # isort: skip  # sets testcontainers' options

from testcontainers.community.kafka import KafkaContainer
from testcontainers.core.network import Network

from fairwatch.apps.embedded import free_port

PORT = 9093
READY_S = 90
HEAP = "-Xmx384m"
# What matters most in a test: a lost broker is noticed soon, and nobody makes topics by asking for them.
COMMON = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "log.dirs": "/var/lib/kafka/data",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "1",
}
SCRIPT = """#!/bin/sh
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted {options} -t {cluster} -c /tmp/server.properties
exec /opt/kafka/bin/kafka-server-start.sh /tmp/server.properties
"""


class Broker(KafkaContainer):
    """One broker, controller as well. Its port on this machine stays when it is started again.

    Args:
        node: Its number, from 1.
        names: Host names of all nodes, in order.
        properties: Further lines of `server.properties`.
        clients: Security protocol of the listener for clients.
        format_options: Of `kafka-storage.sh format`, e.g. first users.
        port: On this machine; 0 for a free one.
        jvm: Options of its JVM, beside the heap; those of the image by default.
    """

    MIN_KRAFT_TAG = "4.0.0"

    def __init__(
        self,
        node: int = 1,
        names: tuple[str, ...] = ("localhost",),
        properties: Mapping[str, str] | None = None,
        clients: str = "PLAINTEXT",
        format_options: str = "",
        port: int = 0,
        jvm: str = "",
        **options: Any,
    ) -> None:
        super().__init__(KAFKA_IMAGE, port=PORT, labels=labels(), **options)
        self.address = f"127.0.0.1:{port or free_port()}"
        self.with_kraft().with_bind_ports(PORT, int(self.address.rpartition(":")[2]))
        self.with_env("KAFKA_HEAP_OPTS", HEAP)
        if jvm:
            self.with_env("KAFKA_JVM_PERFORMANCE_OPTS", jvm)
        copies = str(min(3, len(names)))
        self.properties = {
            **COMMON,
            "node.id": str(node),
            "controller.quorum.voters": ",".join(f"{number}@{name}:9094" for number, name in enumerate(names, 1)),
            "listeners": f"CLIENT://0.0.0.0:{PORT},BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094",
            "advertised.listeners": f"CLIENT://{self.address},BROKER://{names[node - 1]}:9092",
            "listener.security.protocol.map": f"CLIENT:{clients},BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "default.replication.factor": copies,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "min.insync.replicas": "2" if copies == "3" else "1",
            "transaction.state.log.min.isr": "2" if copies == "3" else "1",
            **(properties or {}),
        }
        self._format_options = format_options

    def tc_start(self) -> None:
        """Write configuration and start script; the container waits for the latter."""
        lines = "".join(f"{name}={value}\n" for name, value in self.properties.items())
        self.create_file(lines.encode(), "/tmp/server.properties")
        script = SCRIPT.format(options=self._format_options, cluster=self.cluster_id)
        self.create_file(script.encode(), self.TC_START_SCRIPT)

    def kill(self) -> None:
        """End it at once; its disk stays."""
        self.get_wrapped_container().kill()

    def pause(self) -> None:
        """Let it answer nobody, connections open."""
        self.get_wrapped_container().pause()

    def resume(self) -> None:
        """Let it go on after a pause."""
        self.get_wrapped_container().unpause()

    def again(self) -> None:
        """Start it after a `kill` and wait until it serves."""
        container = self.get_wrapped_container()
        begun = time.time()
        container.start()
        while not self.wait_for.search(container.logs(since=begun).decode()):
            if time.time() - begun > READY_S:
                raise TimeoutError(f"{self.address} is not back:\n" + container.logs(tail=20).decode())
            time.sleep(0.2)


class Cluster:
    """Three brokers: replication 3, `min.insync.replicas` 2; a context manager."""

    replication = 3

    def __init__(self) -> None:
        self._network = Network(docker_network_kw={"labels": labels()})
        names = tuple(f"broker-{node}" for node in (1, 2, 3))
        self.brokers = [
            Broker(node, names, network=self._network, network_aliases=[name]) for node, name in enumerate(names, 1)
        ]

    @property
    def bootstrap(self) -> str:
        """Addresses of all brokers, comma separated."""
        return ",".join(broker.address for broker in self.brokers)

    def __enter__(self) -> Self:
        require_containers()
        self._network.create()
        try:
            self._each(partial(Broker.start, timeout=READY_S))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._each(Broker.stop)
        self._network.remove()

    def kill_all(self) -> None:
        """End all brokers at once."""
        self._each(Broker.kill)

    def again_all(self) -> None:
        """Start all brokers after `kill_all`; none serves before two of them run."""
        self._each(Broker.again)

    def _each(self, do: Any) -> None:
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(do, self.brokers))


@contextmanager
def one_broker(port: int = 0, **options: Any) -> Iterator[Broker]:
    """Run a single broker, empty, on a port of this machine (0 for a free one)."""
    require_containers()
    broker = Broker(port=port, **options)
    try:
        yield broker.start(timeout=READY_S)
    finally:
        broker.stop()
