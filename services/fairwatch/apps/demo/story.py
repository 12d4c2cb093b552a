"""The story: what the cameras see, what two people decide, and what must have come of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from fairwatch.apps.demo import world
from fairwatch.apps.demo.cameras.frigate import FrigateRecorder
from fairwatch.apps.demo.cameras.gat1400 import GatPlatform
from fairwatch.apps.demo.cameras.hikvision import HikvisionCamera
from fairwatch.apps.demo.cameras.onvif import OnvifCamera
from fairwatch.apps.demo.checks import COMMENT
from fairwatch.apps.demo.pictures import car, portrait
from fairwatch.apps.demo.reviewer import Reviewer
from fairwatch.domain.errors import FairwatchError

MISSING = "obama2.jpg"
MISTAKEN = "obama3.jpg"
STRANGER = "biden.jpg"
CANDIDATE_WAIT_S = 30.0


class OffScriptError(FairwatchError):
    """Something did not go as the story has it."""


@dataclass(slots=True)
class Cast:
    """Everybody who plays."""

    hikvision: dict[str, HikvisionCamera]
    onvif: dict[str, OnvifCamera]
    frigate: FrigateRecorder
    platform: GatPlatform
    reviewers: list[Reviewer]
    pictures: Path
    say: Callable[[str], None]
    decided: set[str] = field(default_factory=set)


async def play(cast: Cast, seconds: float) -> None:
    """Play every scene once, then ordinary traffic until `seconds` have passed."""
    began = time.monotonic()
    traffic = asyncio.create_task(_ordinary_traffic(cast, began + seconds))
    try:
        for scene in SCENES:
            await scene(cast)
        await traffic
    finally:
        traffic.cancel()


async def _expect(what: str, allowed: set[int], call: Awaitable[int]) -> None:
    status = await call
    if status not in allowed:
        raise OffScriptError(f"{what}: the gateway answered {status}, expected one of {sorted(allowed)}")


async def _stolen_car(cast: Cast) -> None:
    cast.say(f"a Hikvision camera at the harbour reads {world.STOLEN_READ}; the list says {world.STOLEN_LISTED}")
    cast.say("… and delivers the same alert twice, as cameras do")
    camera, picture = cast.hikvision["hik-harbour-1"], car(world.STOLEN_READ)
    await _expect("plate", {200}, camera.read_plate(world.STOLEN_READ, picture, index=4711, times=2))


async def _same_plate_elsewhere(cast: Cast) -> None:
    cast.say("the same plate at the north terminal, outside the authorised area: nothing may happen")
    await _expect(
        "plate", {200}, cast.hikvision["hik-north-1"].read_plate(world.STOLEN_READ, car(world.STOLEN_READ), index=9)
    )


async def _line_at_night(cast: Cast) -> None:
    cast.say("somebody crosses the line at the harbour, where it is night, and at the north terminal, where it is day")
    await _expect("line", {200, 202}, cast.onvif["onvif-harbour-1"].line_crossed(15, "track edge"))
    await _expect("line", {200, 202}, cast.onvif["onvif-north-1"].line_crossed(16, "track edge"))


async def _tamper(cast: Cast) -> None:
    cast.say("somebody covers a camera's lens")
    await _expect("tamper", {200}, cast.hikvision["hik-north-2"].tampered())


async def _platform(cast: Cast) -> None:
    cast.say("a GA/T 1400 platform registers by digest and posts vehicles")
    await _expect("register", {200}, cast.platform.register())
    for plate in ("沪A12345", "苏E88888"):
        await _expect("vehicle", {200}, cast.platform.vehicle(world.GAT_CAMERAS["gat-north-1"], plate))


async def _malformed(cast: Cast) -> None:
    cast.say("a camera sends half an XML document")
    broken = b'<EventNotificationAlert version="2.0"><eventType>VMD</eventType><dateTime>2026'
    await _expect("malformed", set(range(400, 500)), cast.hikvision["hik-harbour-2"].send(broken, "application/xml"))


async def _missing_child(cast: Cast) -> None:
    cast.say("a face at the harbour resembles the missing child (public-domain portraits stand in for the child)")
    picture, _, _ = portrait(cast.pictures, MISSING)
    await _expect("face", {200}, cast.hikvision["hik-harbour-2"].capture_face(picture, face_id=1))
    stranger, _, _ = portrait(cast.pictures, STRANGER)
    await _expect("stranger", {200}, cast.hikvision["hik-harbour-2"].capture_face(stranger, face_id=2))
    candidate = await _candidate(cast)
    for reviewer, name in zip(cast.reviewers, ("first", "second"), strict=False):
        await reviewer.decide(candidate, "MATCH", "same scar, same ears")
        cast.say(f"the {name} reviewer confirms the candidate")


async def _mistaken(cast: Cast) -> None:
    cast.say(
        "the platform posts another face, with EthicCode and suspicion flags; one person agrees, the second does not"
    )
    picture, width, height = portrait(cast.pictures, MISTAKEN)
    await _expect("face", {200}, cast.platform.face(world.GAT_CAMERAS["gat-harbour-1"], picture, width, height))
    candidate = await _candidate(cast)
    await cast.reviewers[0].decide(candidate, "MATCH", "same jaw")
    await cast.reviewers[1].decide(candidate, "NO_MATCH", "different jaw")
    cast.say("the second reviewer rejects the second candidate")


async def _comment(cast: Cast) -> None:
    cast.say("an operator writes a comment on the covered lens; whoever opens the alert reads it, no receiver is told")
    deadline = time.monotonic() + CANDIDATE_WAIT_S
    while (alert := await cast.reviewers[0].alert_of("camera-tamper")) is None:
        if time.monotonic() > deadline:
            raise OffScriptError(f"the covered lens did not reach the console within {CANDIDATE_WAIT_S:.0f} s")
        await asyncio.sleep(0.2)
    await cast.reviewers[0].comment(alert, COMMENT)


async def _candidate(cast: Cast) -> str:
    """Return the id of the next candidate that waits for its first decision."""
    deadline = time.monotonic() + CANDIDATE_WAIT_S
    while time.monotonic() < deadline:
        waiting = [
            c["candidate_id"] for c in await cast.reviewers[0].pending() if c["candidate_id"] not in cast.decided
        ]
        if waiting:
            cast.decided.add(waiting[0])
            return str(waiting[0])
        await asyncio.sleep(0.2)
    raise OffScriptError(f"no candidate reached the console within {CANDIDATE_WAIT_S:.0f} s")


async def _ordinary_traffic(cast: Cast, until: float) -> None:
    """Send what cameras send all day: motion, unlisted plates, people walking by."""
    turn, began = 0, time.time()
    hikvision, onvif, cameras = (
        cycle(cast.hikvision.values()),
        cycle(cast.onvif.values()),
        cycle(world.FRIGATE_CAMERAS.values()),
    )
    while time.monotonic() < until:
        turn += 1
        plate = f"M{'ABCDEFGH'[turn % 8]}T{1000 + turn}"
        event_id = f"{began + turn:.6f}-demo{turn}"
        camera = next(cameras)
        await asyncio.gather(
            next(hikvision).read_plate(plate, car(plate), index=100_000 + turn),
            next(onvif).motion(turn % 2 == 0),
            cast.frigate.event("new", camera, event_id, "person"),
            cast.frigate.event("end", camera, event_id, "person"),
        )
        await asyncio.sleep(0.25)


SCENES = (
    _stolen_car, _same_plate_elsewhere, _line_at_night, _tamper, _platform, _malformed, _missing_child, _mistaken,
    _comment,
)  # fmt: skip
