"""The hub's way in, with all that it says recorded: answers, logs, records, dead letters, metrics, pictures."""

import copy
import io
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from obstore.store import MemoryStore
from prometheus_client import generate_latest

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject
from fairwatch.edges.credentials import issue_api_key
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.formats.catalogue import refusal as judge
from fairwatch.formats.payload import Payload
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.normalize import Normalize
from fairwatch.stores.media import MediaStore
from fairwatch.telemetry import log
from fairwatch.wire.avro import Codec
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.dead_letter import Raw, dead_letter
from fairwatch.wire.topics import referred_topics
from tests.support.gateway_world import RunningGateway, device, run_gateway
from tests.support.processor_world import MemoryReference, MemoryState

FAST = {"rate_per_s": 1e9, "burst": 1e9}
KEY_HEADERS = ("x-api-key", "content-type")


@contextmanager
def logs() -> Iterator[io.StringIO]:
    """Give what is written to the log, as a component in production writes it."""
    before, written = sys.stderr, io.StringIO()
    sys.stderr = written
    try:
        log.configure("debug")
        yield written
    finally:
        sys.stderr = before
        structlog.reset_defaults()


@dataclass
class WatchedHub:
    """A gateway, `normalize` and `enrich`, one payload at a time.

    Attributes:
        gateway: On real sockets.
        keys: API key by format; each format has a device.
        log: What is logged.
    """

    gateway: RunningGateway
    session: aiohttp.ClientSession
    keys: dict[str, str]
    log: io.StringIO
    media: MemoryStore = field(default_factory=MemoryStore)
    codec: Codec = field(default_factory=Codec)

    def __post_init__(self) -> None:
        devices, store = MemoryReference(), MediaStore(self.media)
        self.normalize = Normalize(devices, MemoryReference(), store, bodies=self.gateway.media)
        self.enrich = Enrich(devices, MemoryReference(), MemoryState())
        self.offset = 0

    async def say(self, format_: str, payload: Payload) -> list[Any]:
        """Send a payload; return all that anybody but a reader of raw events sees of it."""
        self.log.seek(0)
        self.log.truncate()
        seen: list[Any] = [await self._send(format_, payload)]
        for event in self.gateway.publisher.published:
            seen += await self._handle(self.normalize, "raw-events", event.record, event.key)
        self.gateway.publisher.published.clear()
        return [*seen, self.log.getvalue()]

    async def _send(self, format_: str, payload: Payload) -> Any:
        if payload.path:  # a topic: such a payload comes over MQTT
            intake = Intake(self.gateway.publisher, self.gateway.media, self.gateway.clock, judge)
            arrival = Arrival(
                "mqtt", f"dev-{format_}", payload.body, format=format_, path=payload.path, transport="mqtt"
            )
            await intake.accept(arrival)
            return ""
        headers = {name: value.encode() for name, value in payload.headers.items() if name.lower() not in KEY_HEADERS}
        given = {"X-Api-Key": self.keys[format_], "Content-Type": payload.content_type, **headers}
        url = f"{self.gateway.url}/v1/devices/dev-{format_}/events"
        encoded = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in given.items()
        }
        async with self.session.post(url, data=payload.body, headers=encoded) as response:
            return [response.status, dict(response.headers), await response.text()]

    async def _handle(self, processor: Any, topic: str, record: Any, key: str) -> list[Any]:
        self.offset += 1
        type_ = "RawEvent" if topic == "raw-events" else "Observation"
        event = Event(topic, type_, record, key, partition=0, offset=self.offset)
        [outcomes] = await processor.handle([event])
        seen: list[Any] = []
        for outcome in outcomes:
            if isinstance(outcome, Reject):
                seen.append(self._letter(processor.spec.name, event, outcome))
            elif isinstance(outcome, Emit):
                seen.append([outcome.topic, outcome.key, without_plates(outcome.record)])
                if outcome.topic == "observations":
                    kind = "Observation"
                    decoded = self.codec.decode(self.codec.encode(kind, outcome.record))[1]
                    seen += await self._handle(self.enrich, "observations", decoded, outcome.key)
            else:
                seen.append(repr(outcome))
        return seen

    def _letter(self, name: str, event: Event, outcome: Reject) -> Any:
        value = self.codec.encode(event.type, event.record)
        kept = b"" if event.topic in referred_topics() else Cleaner().framed(self.codec, value)
        raw = Raw(event.topic, 0, event.offset, event.key.encode(), value)
        error = RejectedError(outcome.reason, outcome.detail, outcome.field)
        letter = dead_letter(raw, error, processor=name, version="1", at=0, redacted=kept)
        return {**letter, "key": event.key, "value": kept.decode("utf-8", "replace")}

    def pictures(self) -> list[bytes]:
        """Return every picture that was stored."""
        return [bytes(self.media.get(one["path"]).bytes()) for page in self.media.list() for one in page]


def without_plates(record: Any) -> Any:
    """Return a record without plates' texts: letters that spell a word where a plate belongs are a vanity plate."""
    copied = copy.deepcopy(record)
    for part in (copied, (copied or {}).get("observation") or {}):
        for plate in part.get("plates", ()) if isinstance(part, dict) else ():
            for name in ("text", "raw", "characters"):
                plate.pop(name, None)
    return copied


def metrics() -> str:
    """Return what /metrics says."""
    return generate_latest().decode()


def as_text(seen: Any) -> str:
    """Return what was seen as one text."""
    return json.dumps(seen, ensure_ascii=False, default=str)


@asynccontextmanager
async def watched_hub(folder: Path, formats: list[str]) -> AsyncIterator[WatchedHub]:
    """Run a gateway with a device for each format."""
    issued = {name: issue_api_key() for name in formats}
    devices = [device(f"dev-{name}", format=name, api_key_hash=hashed) for name, (_, hashed) in issued.items()]
    keys = {name: key for name, (key, _) in issued.items()}
    with logs() as written:
        async with (
            run_gateway("http", folder, devices, check=judge, **FAST) as gateway,
            aiohttp.ClientSession() as session,
        ):
            yield WatchedHub(gateway, session, keys, written)
