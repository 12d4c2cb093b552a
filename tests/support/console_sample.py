"""A console full of plausible alerts and candidates, for the browser test and for looking at it (python -m)."""

import asyncio
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from fairwatch.apps.demo.pictures import car
from fairwatch.apps.embedded import start_valkey
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.ids import stable_id
from fairwatch.stores.health import Health
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.records import candidate, trigger, verdict

ROOT = Path(__file__).parents[2]
ASTRONAUT = ROOT / ".models" / "pictures" / "astronaut.png"  # public domain; drawn faces where it is missing
SECOND = 1_000_000
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Look:
    """A drawn face: colours and how it is turned."""

    hair: str
    skin: str = "#d9ae8c"
    coat: str = "#c4533a"
    background: str = "#93a7a5"
    tilt: int = 0


def face(look: Look, size: int = 320) -> bytes:
    """Draw a face of nobody."""
    image = Image.new("RGB", (size, size), look.background)
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 240, 280, 460), fill=look.coat)
    draw.rectangle((135, 200, 185, 265), fill=look.skin)
    draw.ellipse((84, 40, 236, 190), fill=look.hair)
    draw.ellipse((98, 68, 222, 238), fill=look.skin)
    draw.chord((92, 44, 228, 170), 185, 355, fill=look.hair)
    for x in (134, 186):
        draw.ellipse((x - 11, 138, x + 11, 152), fill="#fbfaf7")
        draw.ellipse((x - 5, 139, x + 5, 151), fill="#33302e")
        draw.arc((x - 16, 120, x + 16, 144), 200, 340, fill=look.hair, width=4)
    draw.line((160, 150, 154, 182, 164, 184), fill="#a87d5e", width=3)
    draw.arc((138, 182, 182, 212), 20, 160, fill="#8a3f3a", width=4)
    return encoded(image.rotate(look.tilt, fillcolor=look.background))


def encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=88)
    return out.getvalue()


def portraits() -> tuple[bytes, bytes]:
    """Return a probe and a reference picture of the same person."""
    if not ASTRONAUT.exists():
        return face(Look("#4b2e20", tilt=6, background="#7f8d96")), face(Look("#4b2e20"))
    image = Image.open(ASTRONAUT).convert("RGB").crop((130, 10, 330, 210))
    probe = image.resize((90, 90)).resize((320, 320)).rotate(3, fillcolor=(90, 90, 90))
    return encoded(probe.point(lambda value: value * 0.78)), encoded(image.resize((360, 360)))


async def fill(world: ConsoleWorld) -> None:
    """Fill the read model with one evening of two sites."""
    now = world.clock.now()
    await fill_candidates(world, now)
    await fill_alerts(world, now)


async def fill_candidates(world: ConsoleWorld, now: int) -> None:
    probe, reference = [await media(world, data, "FACE") for data in portraits()]
    child = face_candidate(
        1, now - 40 * SECOND, "Missing person, reference 0113", probe=probe, reference=reference, priority=1
    )
    drawn = [
        await media(world, face(look), "FACE") for look in (Look("#2d2a2a", tilt=-5), Look("#3a2a1d", coat="#39566b"))
    ]
    other = face_candidate(
        2, now - 6 * MINUTE, "Court order 17: barred from the stadium", probe=drawn[0], reference=drawn[1],
        score=0.58, probe_quality=0.44, margin=0.03, device_name="Gate 3, south", site_name="Riverside Arena",
    )  # fmt: skip
    await world.fold("candidates", child, other)
    done = verdict("FACE", "REJECTED", n=9, entry_title="Missing person, reference 0113", occurred_at=now - 95 * MINUTE)
    await world.fold("verdicts", done)
    car_picture = await media(world, car("B 8T 1087"), "VEHICLE")
    plate = {
        "entry_title": "Stolen car, reference 4471", "score": 0.94, "plate_read": "88T1087", "plate_listed": "B8T1087",
        "probe": car_picture, "explanation": ["Position 1: read 8, listed B. These two look alike to plate readers."],
        "occurred_at": now - 12 * MINUTE, "matched_at": now - 12 * MINUTE, "device_name": "Approach road, lane 2",
        "expires_at": now + 50 * MINUTE, "required_verifications": 1,
    }  # fmt: skip
    await world.fold("candidates", candidate("PLATE", n=3, **plate))


def face_candidate(n: int, at: int, title: str, **fields: Any) -> dict[str, Any]:
    return candidate(
        "FACE",
        n=n,
        **{
            "entry_title": title,
            "authorisation_id": "AUTH-2026-0113",
            "device_name": "Platform 4, escalator",
            "site_name": "Central Station",
            "occurred_at": at,
            "matched_at": at,
            "expires_at": at + 60 * MINUTE,
            "score": 0.71,
            "threshold": 0.55,
            "threshold_policy": "fpir-1e-4",
            "expected_fpir": 0.0001,
            "algorithm": "dlib-resnet 1",
            "gallery_version": "7c41e0",
            "gallery_size": 1204,
            "probe_quality": 0.83,
            "margin": 0.18,
            "probe_box": {"x0": 0.27, "y0": 0.2, "x1": 0.71, "y1": 0.77},
            "explanation": ["Best of 1,204 faces; the next one reached 0.53.", "Sharp, frontal, evenly lit."],
            **fields,
        },
    )


ALERTS: tuple[dict[str, Any], ...] = (
    {"n": 1, "ago": 25, "title": "Camera tampered with", "severity": "SEVERE", "device_name": "Goods yard, mast 7",
     "site_name": "Central Station", "count": 3, "state": "UPDATED", "event_type": "tamper.scene_change",
     "description": "The picture changed at once and stays dark.", "deliveries": ("RETRYING",)},
    {"n": 2, "ago": 190, "title": "Stolen car, reference 4471", "severity": "EXTREME", "site_name": "Riverside Arena",
     "device_name": "Approach road, lane 2", "event_type": "plate.read", "rule": "watchlist-plate",
     "authorisation_id": "AUTH-2026-0098", "deliveries": ("DELIVERED", "DELIVERED"), "picture": True,
     "description": "Plate B8T1087 was read as 88T1087."},
    {"n": 3, "ago": 840, "title": "Line crossed at night", "severity": "MODERATE", "device_name": "Fence north",
     "site_name": "Riverside Arena", "count": 2, "event_type": "line.crossed", "zones": ["Track side"],
     "deliveries": ("DELIVERED",)},
    {"n": 4, "ago": 5400, "title": "Missing person found", "severity": "EXTREME", "device_name": "Platform 4",
     "site_name": "Central Station", "state": "ENDED", "event_type": "face.seen", "verified_by": ["ann", "ben"],
     "rule": "watchlist-face", "authorisation_id": "AUTH-2026-0113", "deliveries": ("DELIVERED", "FAILED")},
    {"n": 5, "ago": 9300, "title": "Somebody loiters", "severity": "MINOR", "device_name": "Ticket hall east",
     "site_name": "Central Station", "state": "ENDED", "event_type": "loitering", "deliveries": ("SUPPRESSED",)},
    {"n": 6, "ago": 88000, "title": "Exercise: smoke in the tunnel", "severity": "SEVERE", "exercise": True,
     "device_name": "Tunnel portal", "site_name": "Central Station", "state": "ENDED", "event_type": "object.detected",
     "deliveries": ("DELIVERED",)},
)  # fmt: skip


async def fill_alerts(world: ConsoleWorld, now: int) -> None:
    scene = await media(world, car("B8T 1087"), "SCENE")
    for given in ALERTS:
        fields = dict(given)
        at, states = now - fields.pop("ago") * SECOND, fields.pop("deliveries")
        fields["media"] = [scene] if fields.pop("picture", False) else []
        alert = trigger(f"sample-{fields['n']}", at=at, **fields)
        alert["receivers"] = ["control-room", "police-desk"][: len(states)]
        await world.fold("alerts", alert)
        await world.fold(
            "deliveries", *[delivery(alert, *pair) for pair in zip(alert["receivers"], states, strict=True)]
        )


def delivery(alert: dict[str, Any], receiver: str, state: str) -> dict[str, Any]:
    bad = state in ("FAILED", "RETRYING")
    return {
        "delivery_id": stable_id("delivery", alert["alert_id"], receiver),
        "alert_id": alert["alert_id"],
        "revision": alert["revision"],
        "receiver": receiver,
        "sink": "webhook",
        "attempt": 4 if bad else 1,
        "state": state,
        "at": alert["updated_at"] + 400_000,
        "status": 503 if bad else 204,
        "reason": "server_error" if bad else "ok",
        "received_at": alert["received_at"],
    }


async def media(world: ConsoleWorld, data: bytes, role: str) -> dict[str, str]:
    return {"uri": await world.media.put(data, "image/jpeg"), "role": role}


STAGES = {  # received, emitted, dead, lag, p50, p99
    "http": (48_210, 48_204, 0, 0, 4, 19),
    "mqtt": (9_120, 9_120, 0, 0, 3, 11),
    "viid": (3_404, 3_404, 0, 0, 6, 24),
    "normalize": (60_728, 61_033, 3, 0, 9, 41),
    "enrich": (61_033, 61_033, 0, 0, 15, 58),
    "match": (61_033, 41, 0, 2, 64, 240),
    "verify": (49, 40, 0, 0, 70, 260),
    "route": (61_073, 212, 0, 0, 22, 80),
    "group": (212, 57, 0, 0, 30, 95),
    "notify": (57, 81, 0, 1, 84, 1_450),
    "project": (228, 0, 0, 0, 31, 101),
}


async def beat(valkey: str) -> None:
    """Say once that every stage lives, except the audit, which is silent, and notify, which is busy."""
    health = Health(valkey)
    for name, (received, emitted, dead, lag, p50, p99) in STAGES.items():
        stats = {"received": received, "emitted": emitted, "dead": dead, "lag": lag, "p50_ms": p50, "p99_ms": p99}
        more = {"ready": name != "notify", "skipped": {}, "at": SystemClock().now()}
        await health.heartbeat(name, f"{name}-1", {**stats, **more})
    await health.close()


async def main() -> None:
    """Serve the sample until Ctrl-C; sign in as ann."""
    with start_valkey() as valkey, tempfile.TemporaryDirectory() as folder:
        async with console_world(valkey.address, Path(folder), clock=SystemClock(), port=8090) as world:
            await fill(world)
            print(f"{world.url}  ann / correct horse battery", flush=True)  # noqa: T201  a tool for people
            while True:
                await beat(valkey.address)
                await asyncio.sleep(3)


if __name__ == "__main__":
    asyncio.run(main())
