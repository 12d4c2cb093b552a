"""What a worker is told when it starts."""

import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairwatch.domain.clock import Clock
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.processor import Processor
from fairwatch.wire.topics import open_topics

Redact = Callable[[str, bytes], bytes]


@dataclass(frozen=True)
class EngineConfig:
    """How a worker runs. Times are seconds.

    Attributes:
        bootstrap: host:port, comma separated.
        topic_prefix: Put before every topic and group name.
        embedded: The broker is the embedded one: short group timeouts, no transactions.
        client_options: Options of aiokafka's clients, e.g. security.
        reach: Raises what is wrong, in words, where the broker does not let us in; asked before clients start.
        web_host, web_port: Where `/live /ready /metrics` are; port 0 takes a free one and logs it.
        batch_max: Events handled at once.
        batch_grown: The same in a backlog, where so many take no more than a tenth of a second; 0 for never more.
        dead_letter_share, dead_letter_window: The worker stops when more than this share of so many events died.
        dead_letter_run: ... or this many in a row.
        open_topics: Logical names of topics that others write to: of their events only our own faults (`internal`)
            count against these limits, so that one who sends garbage cannot stop the worker for all others.
        record_max: Largest output in bytes; a larger one makes its event a dead letter, as one that the broker refuses.
        redis_url: Where heartbeats go; None for nowhere.
        instance: Name of this process.
        static: The group knows this worker by `instance`, which nobody else has and which outlives a restart: whoever
            comes back under it within `session_timeout_s` gets its partitions again, and nobody else stands still.
        version: Written into dead letters.
        replication: Replicas of a state topic that has to be made.
        state_lost: What to do when state is lost: `hold`, handle nothing until people decide; `empty`, go on without.
        redact: Takes topic and original bytes, returns them without protected attributes; for dead letters.
        commit_interval_s: Between commits of offsets.
        commit_timeout_s: The watchdog's patience with offsets that do not get committed or events not fetched.
        session_timeout_s: After which the group gives a silent worker's partitions away.
        drain_s: How long a running batch may take to finish when partitions are given up.
        chain_key: Proves that a record was handled in a chain already (`wire.marks`) and who wrote it (`wire.bonds`);
            empty: nothing is handed over in memory, and nobody is asked.
        unbound_accepted: What no processor has proved to have written is taken, for the time of an upgrade.
        retry_s: First and last back-off of a batch that is tried again.
    """

    bootstrap: str
    topic_prefix: str = ""
    embedded: bool = False
    client_options: Mapping[str, Any] = field(default_factory=dict)
    reach: Callable[[], Awaitable[None]] | None = None
    web_host: str = "127.0.0.1"
    web_port: int = 0
    batch_max: int = 500
    batch_grown: int = 0
    dead_letter_share: float = 0.5
    dead_letter_window: int = 1000
    dead_letter_run: int = 200
    open_topics: frozenset[str] = field(default_factory=open_topics)
    record_max: int = 4 << 20
    redis_url: str | None = None
    instance: str = ""
    static: bool = False
    version: str = ""
    replication: int = 1
    state_lost: Literal["hold", "empty"] = "hold"
    redact: Redact | None = None
    commit_interval_s: float = 1.0
    commit_timeout_s: float = 60.0
    session_timeout_s: float = 10.0
    drain_s: float = 20.0
    chain_key: bytes = field(default=b"", repr=False)
    unbound_accepted: bool = False
    retry_s: tuple[float, float] = (0.1, 10.0)

    @property
    def name(self) -> str:
        """Name of this process, as heartbeats and the members of its group bear it."""
        return self.instance or f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True)
class Resources:
    """What the engine gives to a processor's builder."""

    clock: Clock
    state: State
    references: Mapping[str, Reference]


Build = Callable[[Resources], Processor | Awaitable[Processor]]
