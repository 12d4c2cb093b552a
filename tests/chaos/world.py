"""What is sent and what has to come of it: every event follows from the seed and its number, and so does its answer."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Any, Literal

import numpy as np

from fairwatch.apps.demo.cameras.hikvision import ANPR
from fairwatch.domain.ids import stable_id
from fairwatch.wire.avro import Codec
from tests.chaos.poison import POISONS, Poison

Kind = Literal["plain", "listed", "revoked", "withdrawn", "poison"]
SHARES: tuple[tuple[Kind, float], ...] = (("poison", 0.01), ("listed", 0.025), ("revoked", 0.003), ("withdrawn", 0.006))
RAW_SHARE = 0.2
RAW_CAMERAS, CAMERAS = 4, 12
WITHDRAWALS = 4
DAY = 86_400_000_000
DIGITS = "AHKMTV"  # no reader takes one for another
SITE = "chaos"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number says everything else.

    Attributes:
        raw: Enters as a camera's own bytes, through `normalize`; else as an observation.
        withdrawal: Which authorisation is revoked during the run, for the kind `withdrawn`.
        poison: How it is malformed, for the kind `poison`.
    """

    number: int
    kind: Kind
    raw: bool
    device: str
    withdrawal: int = 0
    poison: Poison | None = None

    @property
    def topic(self) -> str:
        """Logical topic that it is sent to."""
        return "raw-events" if self.raw else "observations"


def plate(number: int) -> str:
    """Return a plate that no other number has and no confusion leads to.

    >>> plate(7), number_of(plate(7)), number_of("B-XY 12")
    ('KMAAAAAHH', 7, None)
    """
    return "KM" + np.base_repr(number, 6).zfill(7).translate(str.maketrans("012345", DIGITS))


def number_of(text: str) -> int | None:
    """Return the number of a plate, or None when it is none of ours."""
    digits = text[2:].translate(str.maketrans(DIGITS, "012345"))
    return int(digits, 6) if text.startswith("KM") and digits.isdigit() else None


class World:
    """Everything that follows from the seed.

    Args:
        seed: Any number.
        limit: Numbers below it may be sent.
    """

    def __init__(self, seed: int, limit: int) -> None:
        self.seed = seed
        self.limit = limit

    @cached_property
    def events(self) -> list[Event]:
        """All events that may be sent, in order."""
        return [self._event(number) for number in range(self.limit)]

    def _event(self, number: int) -> Event:
        random = Random(f"{self.seed}/{number}")
        drawn, kind = random.random(), "plain"
        for name, share in SHARES:
            if drawn < share:
                kind = name
                break
            drawn -= share
        poison = random.choice(POISONS) if kind == "poison" else None
        raw = poison.topic == "raw-events" if poison else random.random() < RAW_SHARE
        device = f"raw-{random.randrange(RAW_CAMERAS)}" if raw else f"gate-{random.randrange(CAMERAS)}"
        return Event(number, kind, raw, device, random.randrange(WITHDRAWALS), poison)  # type: ignore[arg-type]

    def revocation_at(self, withdrawal: int, events: int) -> int:
        """Return the number after which an authorisation is revoked, when so many events are sent."""
        return (withdrawal + 1) * events // (WITHDRAWALS + 1)

    def reference(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (topic, key, record) of what has to be known before the first event."""
        yield "sites", SITE, {"site_id": SITE, "name": "Chaos", "time_zone": "UTC"}
        devices = [f"raw-{n}" for n in range(RAW_CAMERAS)] + [f"gate-{n}" for n in range(CAMERAS)]
        for device in devices:
            yield "devices", device, {"device_id": device, "name": device, "site_id": SITE}
        yield authorisation("listed")
        yield authorisation("revoked", state="REVOKED")
        for number in range(WITHDRAWALS):
            yield authorisation(f"withdrawn-{number}")
        for event in self.events:
            if event.kind not in ("plain", "poison"):
                yield _entry(event)


def _now() -> int:
    return time.time_ns() // 1000


def authorisation(name: str, state: str = "GRANTED") -> tuple[str, str, dict[str, Any]]:
    """Return topic, key and record of an authorisation as it is from now on."""
    at = _now()
    record = {
        "authorisation_id": name, "state": state, "objective": "stolen_vehicle", "legal_basis": "chaos",
        "reference": name, "authority": "chaos", "kinds": ["PLATE"], "site_ids": [SITE], "requested_by": "a",
        "approved_by": ["b"], "required_verifications": 0, "valid_from": at - DAY, "valid_until": at + DAY,
        "updated_at": at,
    }  # fmt: skip
    return "authorisations", name, record


def _entry(event: Event) -> tuple[str, str, dict[str, Any]]:
    at, name = _now(), str(event.number)
    under = f"withdrawn-{event.withdrawal}" if event.kind == "withdrawn" else event.kind
    record = {
        "entry_id": name, "authorisation_id": under, "kind": "PLATE", "title": event.kind, "plate": plate(event.number),
        "created_by": "a", "approved_by": "b", "valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at,
    }  # fmt: skip
    return "watchlist-entries", name, record


def value_of(event: Event, codec: Codec) -> bytes:
    """Return what is sent for an event now; of poison the same bytes never come twice."""
    if event.poison:
        return event.poison.make(event.number, event.device, codec)
    if event.raw:
        return raw_event(event.number, event.device, anpr(event), codec)
    return codec.encode("Observation", observation(event.number, event.device))


def anpr(event: Event) -> bytes:
    """Return the document that a Hikvision camera sends when it has read a plate."""
    return ANPR.format(
        mac="44:19:b6:00:00:01", time=time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), name=event.device,
        plate=plate(event.number), confidence=95, characters=",".join(["99"] * 9), index=event.number,
        uuid=event.number,
    ).encode()  # fmt: skip


def raw_event(number: int, device: str, body: bytes, codec: Codec) -> bytes:
    """Return a body as the HTTP gateway writes it."""
    record = {
        "raw_id": stable_id("raw", number), "device_id": device, "gateway": "http", "transport": "http",
        "format": "hikvision-isapi", "content_type": "application/xml", "received_at": _now(),
        "sha256": sha256(body).hexdigest(), "size": len(body), "body": body,
    }  # fmt: skip
    return codec.encode("RawEvent", record)


def observation(number: int, device: str) -> dict[str, Any]:
    """Return a plate reading in canonical form."""
    at = _now()
    return {
        "observation_id": stable_id("chaos", number), "event_type": "plate.read", "device_id": device,
        "source": {"format": "chaos"}, "occurred_at": at, "received_at": at, "object_class": "MOTOR_VEHICLE",
        "plates": [{"text": plate(number), "raw": plate(number), "state": "READ"}],
    }  # fmt: skip
