"""The Faust application of one worker, with everything off that Fairwatch does itself."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from yarl import URL

from fairwatch.engine.ahead import Ahead
from fairwatch.engine.appetite import Appetite
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.forms import Forms
from fairwatch.engine.handover import Handover
from fairwatch.engine.transactions import Transactions
from fairwatch.engine.transport import BatchConsumer, BatchSchema, BatchTransport

QUEUED_BATCHES = 1  # the rest of a fetch too long for one batch; else a batch is taken when the worker is free for it
BATCH_BYTES = 8 << 20
FETCH_BYTES = 2 << 20  # per partition
FETCHES_BYTES = 16 << 20  # of all partitions: what a worker that is far behind holds of what it has not looked at
HEARTBEAT_S = 0.5
FOUND_MS = 30_000  # until new topics and partitions are found
# aiokafka takes a consumer for idle that has not waited for records for so long: it leaves the group and joins none any
# more. A worker that always has records, or whose outputs wait for a broker, does not wait; the watchdog sees a stall.
NEVER_IDLE_MS = sys.maxsize
# The embedded broker answers a waiting fetch when its time is over, not when a record comes. A short wait costs each of
# nine idle workers 4 % of a core and the broker 2 %; it is paid while there is something to wait for.
# aiokafka has one fetch under way for each broker: while that waits for one partition, no other is fetched.
WAITS_MS = (500, 20)  # when nothing is left to be taken; when something is, and its partition will be fetched soon
EMBEDDED_WAITS_MS = (50, 10)  # when nothing has come for a second; when something has
EMBEDDED_TIMEOUT_S = 6.0  # at most: each join of the embedded broker takes half of it


class Boot(BootStrategy):
    """Without Faust's producer and web: outputs need acknowledgements per batch, and health has its own server."""

    enable_kafka_producer = False
    enable_web = False


class NoTables(TableManager):
    """Faust waits a second for tables to be declared before it subscribes; there are none."""

    async def on_start(self) -> None:
        """Go on at once."""
        await self._update_channels()
        await self.recovery.start()


class Application(faust.App):
    """One worker's application: group `fairwatch-<processor>`, one agent, batches."""

    BootStrategy = Boot

    def __init__(
        self,
        name: str,
        config: EngineConfig,
        *,
        replay: bool,
        release: Callable[[], Awaitable[None]],
        ahead: Ahead,
        transactions: Transactions | None = None,
        forms: Forms | None = None,
        pace_s: float = 0.0,
    ) -> None:
        self.replay = replay
        self.release = release
        self.ahead = ahead
        self.forms = forms
        self.transactions = transactions
        self.client_options = {"bootstrap_servers": config.bootstrap, **config.client_options}
        self.batch_bytes = BATCH_BYTES
        self.embedded = config.embedded
        self.fetch_waits_ms = EMBEDDED_WAITS_MS if config.embedded else WAITS_MS
        self.appetite = Appetite(config.batch_max, config.batch_grown)
        self.handover = Handover(self.appetite, pace_s)
        longest = EMBEDDED_TIMEOUT_S if config.embedded else config.session_timeout_s
        session = min(longest, config.session_timeout_s)
        self.consumer_options = consumer_options(config, session)
        super().__init__(config.topic_prefix + "fairwatch-" + name, **faust_options(config, session))

    async def on_first_start(self) -> None:
        """Faust makes folders for its tables here; there are none."""

    def _init_fixups(self) -> list[Any]:
        """None; Faust looks into every package that is installed for some: 0.7 s."""
        return []

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    @property
    def batches(self) -> BatchConsumer:
        """The consumer, as what it is."""
        return cast("BatchConsumer", self.consumer)

    def listen(self, topics: tuple[str, ...], receive: Callable[[Any, Any], Awaitable[bool]]) -> None:
        """Call `receive(partition, records)` for every batch, one at a time, and acknowledge it if that says so."""

        async def consume(stream: Any) -> None:
            async for event in stream.noack().events():
                self.handover.begins()
                try:
                    if await receive(event.message.tp, event.value):
                        event.ack()
                finally:
                    self.handover.done(event.value)

        # What `self.agent` does, but for a search through all modules for the place where it is used: 0.7 s.
        make: Any = self.conf.Agent
        agent = make(
            consume,
            name="fairwatch",
            app=self,
            channel=self.topic(*topics, schema=BatchSchema()),
            concurrency=1,
            on_error=self._on_agent_error,
        )
        self.agents[agent.name] = agent
        self.topics.beacon.add(agent)


def faust_options(config: EngineConfig, session_s: float) -> dict[str, Any]:
    """Return Faust's options, with all off that Fairwatch does itself."""
    return {
        "broker": [URL(f"kafka://{server.strip()}") for server in config.bootstrap.split(",")],
        "broker_commit_interval": config.commit_interval_s,
        "broker_session_timeout": session_s,
        "broker_rebalance_timeout": session_s,
        "stream_buffer_maxsize": QUEUED_BATCHES,
        "stream_wait_empty": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
        "web_enabled": False,
        "datadir": "/nonexistent",
        "TableManager": NoTables,
    }


def consumer_options(config: EngineConfig, session_s: float) -> Mapping[str, Any]:
    """Return aiokafka's options; those of the client (security) win."""
    return {
        "bootstrap_servers": config.bootstrap,
        "client_id": f"{config.name}@{config.version}",  # the doctor tells by it who is in a group
        "group_instance_id": config.instance if config.static and config.instance else None,
        "max_poll_records": config.batch_max,
        "max_poll_interval_ms": NEVER_IDLE_MS,
        "max_partition_fetch_bytes": FETCH_BYTES,
        "fetch_max_bytes": FETCHES_BYTES,
        "fetch_max_wait_ms": (EMBEDDED_WAITS_MS if config.embedded else WAITS_MS)[0],
        "metadata_max_age_ms": FOUND_MS,
        "session_timeout_ms": round(session_s * 1000),
        "rebalance_timeout_ms": round(session_s * 1000),
        # A member hears of a rebalance by its heartbeat, and all others stand still until the last has heard.
        "heartbeat_interval_ms": round(1000 * (session_s / 6 if config.embedded else HEARTBEAT_S)),
        "retry_backoff_ms": 500,
        "check_crcs": True,
        "isolation_level": "read_committed",
        **config.client_options,
    }
