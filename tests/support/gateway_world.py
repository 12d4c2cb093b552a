"""A gateway on real sockets, with a publisher that can be held up or made to fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.ports import Publisher
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.credentials import issue_api_key
from fairwatch.edges.edge import Started, options_of, serve
from fairwatch.stores.media import MediaStore

PASSWORD = "correct horse battery"
KEY, KEY_HASH = issue_api_key()
VIID_ID = "31010000005030000001"


@dataclass(frozen=True)
class Published:
    topic: str
    key: str
    record: dict[str, Any]
    headers: Mapping[str, bytes]


@dataclass
class RecordingPublisher:
    """A Publisher that keeps what it acknowledges.

    Attributes:
        failures: Raised one by one before anything is acknowledged.
        gate: Nothing is acknowledged while it is clear.
        statuses: (device, state) of signs of life, which nothing waits for.
    """

    failures: list[Exception] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    attempts: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    attempted: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        if topic == "device-status":
            self.statuses.append((key, record["state"]))
            return
        self.attempts += 1
        self.attempted.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.published.append(Published(topic, key, record, dict(headers or {})))

    @property
    def records(self) -> list[dict[str, Any]]:
        return [event.record for event in self.published]

    async def wait_for(self, count: int, *, different: bool = False) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            while len({r["raw_id"] for r in self.records} if different else self.records) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.records


def device(device_id: str = "cam-1", **settings: Any) -> dict[str, Any]:
    return {"device_id": device_id, **settings}


def keyed(device_id: str = "cam-1", **settings: Any) -> dict[str, Any]:
    return device(device_id, api_key_hash=KEY_HASH, **settings)


def digested(
    device_id: str = "cam-1", username: str = "camera", algorithms: Any = None, **settings: Any
) -> dict[str, Any]:
    account = {"username": username, "password_file": f"{device_id}.password"}
    return device(device_id, digest=account | ({"algorithms": algorithms} if algorithms else {}), **settings)


def write_devices(folder: Path, devices: list[dict[str, Any]]) -> Path:
    """Write devices.yaml, and a password file for each digest account."""
    for entry in devices:
        if "digest" in entry and "password_file" in entry["digest"]:
            (folder / entry["digest"]["password_file"]).write_text(f"{PASSWORD}\n")
    path = folder / "devices.yaml"
    path.write_text(yaml.safe_dump({"devices": devices}))
    return path


@dataclass
class RunningGateway:
    url: str
    health: str
    publisher: Any
    clock: ManualClock
    stop: asyncio.Event
    task: "asyncio.Task[int]"
    media: MediaStore


@asynccontextmanager
async def run_gateway(
    kind: Any,
    folder: Path,
    devices: list[dict[str, Any]],
    *,
    publisher: Publisher | None = None,
    clock: ManualClock | None = None,
    check: Any = None,
    connect: Any = None,
    topic: Any = None,
    **config: Any,
) -> AsyncIterator[RunningGateway]:
    """Serve until the block is left; it must end by itself with exit code 0."""
    publisher = publisher or RecordingPublisher()
    clock = clock or ManualClock()
    stop = asyncio.Event()
    media = MediaStore.open(f"file://{folder / 'media'}")
    (folder / "media").mkdir(exist_ok=True)
    started: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
    options = options_of(kind)
    own = options(**{name: config.pop(name) for name in options.model_fields if name in config})
    settings = GatewayConfig(devices_file=write_devices(folder, devices), **{"drain_s": 5, **config})
    task = asyncio.create_task(
        serve(
            kind,
            settings,
            publisher,
            media,
            clock,
            options=own,
            check=check,
            connect=connect,
            topic=topic,
            stop=stop,
            started=started.set_result,
        )
    )
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    ports = started.result()
    running = RunningGateway(
        f"http://127.0.0.1:{ports.port}", f"http://127.0.0.1:{ports.health_port}", publisher, clock, stop, task, media
    )
    try:
        yield running
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            assert await task == 0


async def ready(gateway: RunningGateway) -> None:
    """Wait until /ready says so."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        while True:
            async with session.get(f"{gateway.health}/ready") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.02)
