"""What is sent and what has to come of it: every event follows from the seed and its number, and so does its answer."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Any, Literal

import numpy as np

from fairwatch.apps.demo.cameras.hikvision import ANPR
from fairwatch.domain.ids import stable_id
from fairwatch.wire.avro import Codec
from fairwatch.wire.signings import sign_silence
from tests.chaos import crowds
from tests.chaos.poison import POISONS, Poison
from tests.chaos.stories import HALLS, PEOPLE, RECORDERS, Act, Door, Story, stories
from tests.support.trust import CONSOLE, OFFICIALS, authorised, enrolled, signed, vouched

Kind = Literal["plain", "listed", "revoked", "withdrawn", "poison", "story", "crowd"]
SHARES: tuple[tuple[Kind, float], ...] = (
    ("poison", 0.01),
    ("listed", 0.025),
    ("revoked", 0.003),
    ("withdrawn", 0.006),
    ("crowd", 0.03),
)
# What enters as a camera's own bytes; listed plates more often, since recovery is told by one of each way in.
RAW_SHARE, LISTED_RAW_SHARE = 0.2, 0.5
RAW_CAMERAS, CAMERAS = 4, 12
HTTP_SHARE, VIID_SHARE = 0.2, 0.1  # of that, through a gateway
LISTED_HTTP_SHARE, LISTED_VIID_SHARE = 0.4, 0.3
HTTP_CAMERAS = 2
PLATFORM, PLATFORM_CAMERA = "31010000005030000001", "31010000001320000001"
WITHDRAWALS = 4
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
DIGITS = "AHKMTV"  # no reader takes one for another
SITE = "chaos"
UNLISTED = ("plain", "poison", "story", "crowd")


TOPICS: dict[str, str] = {
    "candidate": "candidates", "match": "verifications", "no_match": "verifications", "silence": "silences",
    "expire": "silences",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number says everything else.

    Attributes:
        raw: Enters as a camera's own bytes, through `normalize`; else as an observation.
        door: By which it comes in.
        act: Its step of a story, for the kind `story`.
        step: What one of a crowd does, for the kind `crowd`.
        withdrawal: Which authorisation is revoked during the run, for the kind `withdrawn`.
        poison: How it is malformed, for the kind `poison`.
    """

    number: int
    kind: Kind
    raw: bool
    device: str
    withdrawal: int = 0
    poison: Poison | None = None
    door: Door = "kafka"
    act: Act | None = None
    step: crowds.Step | None = None

    @property
    def topic(self) -> str:
        """Logical topic that it is sent to, where it does not come through a gateway."""
        if self.act and self.act.deed not in ("begin", "end"):
            return TOPICS[self.act.deed]
        return "raw-events" if self.raw else "observations"

    @property
    def key(self) -> str:
        """Key of its record."""
        if self.topic in ("raw-events", "observations"):
            return self.device
        return silence_id(self.act) if self.topic == "silences" else candidate_id(self.act)


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
        events = [self._event(number) for number in range(self.limit)]
        for story in self.stories:
            self._play(story, events)
        for crowd in range(crowds.CROWDS):
            there = [event for event in events if event.kind == "crowd" and event.number % crowds.CROWDS == crowd]
            for event, step in zip(there, crowds.steps(crowd), strict=False):
                events[event.number] = replace(event, raw=False, device=step.device, door="kafka", step=step)
        return events

    @cached_property
    def stories(self) -> list[Story]:
        """All stories that may be sent, in order."""
        return list(stories(self.seed, self.limit, WITHDRAWALS))

    def _play(self, story: Story, events: list[Event]) -> None:
        """Let a story take numbers at which nothing else happens; what does not fit is not sent."""
        at = story.number - 1
        for step, (distance, deed, person) in enumerate(story.script):
            at = max(at + 1, story.number + distance)
            while at < len(events) and events[at].kind != "plain":
                at += 1
            if at >= len(events):
                return
            act = Act(story.number, step, deed, person)
            events[at] = Event(at, "story", raw=False, device=story.device, door=story.door, act=act)

    def _event(self, number: int) -> Event:
        random = Random(f"{self.seed}/{number}")
        drawn, kind = random.random(), "plain"
        for name, share in SHARES:
            if drawn < share:
                kind = name
                break
            drawn -= share
        poison = random.choice(POISONS) if kind == "poison" else None
        shares = (RAW_SHARE, HTTP_SHARE, VIID_SHARE)
        if kind == "listed":
            shares = (LISTED_RAW_SHARE, LISTED_HTTP_SHARE, LISTED_VIID_SHARE)
        raw_share, http_share, viid_share = shares
        raw = poison.topic == "raw-events" if poison else random.random() < raw_share
        device = f"raw-{random.randrange(RAW_CAMERAS)}" if raw else f"gate-{random.randrange(CAMERAS)}"
        withdrawal, door = random.randrange(WITHDRAWALS), "kafka"
        if raw and not poison and (drawn := random.random()) < http_share + viid_share:
            door = "http" if drawn < http_share else "viid"
            device = f"http-{random.randrange(HTTP_CAMERAS)}" if door == "http" else "viid-camera"
        return Event(number, kind, raw, device, withdrawal, poison, door)  # type: ignore[arg-type]

    def revocation_at(self, withdrawal: int, events: int) -> int:
        """Return the number after which an authorisation is revoked, when so many events are sent."""
        return (withdrawal + 1) * events // (WITHDRAWALS + 1)

    def reference(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (topic, key, record) of what has to be known before the first event."""
        for topic, records in vouched(*PEOPLE, *OFFICIALS, **OFFICIALS).items():
            for key, record in records.items():
                yield topic, key, record
        yield "sites", SITE, {"site_id": SITE, "name": "Chaos", "time_zone": "UTC"}
        devices = [f"raw-{n}" for n in range(RAW_CAMERAS)] + [f"gate-{n}" for n in range(CAMERAS)]
        devices += [f"hall-{n}" for n in range(HALLS)] + [f"recorder-{n}" for n in range(RECORDERS)]
        devices += [f"http-{n}" for n in range(HTTP_CAMERAS)]
        for device in devices:
            yield "devices", device, {"device_id": device, "name": device, "site_id": SITE}
        for crowd in range(crowds.CROWDS):
            site = crowds.site_of(crowd)
            yield "sites", site, {"site_id": site, "name": site, "time_zone": "UTC"}
            for device in (crowds.device_of(crowd, number) for number in range(crowds.CROWD_DEVICES)):
                yield "devices", device, {"device_id": device, "name": device, "site_id": site}
        yield "devices", "platform", {
            "device_id": "platform", "name": "platform", "formats": ["gat1400"], "aliases": [PLATFORM]
        }  # fmt: skip
        yield "devices", "viid-camera", {
            "device_id": "viid-camera", "name": "viid-camera", "site_id": SITE, "parent_id": "platform",
            "aliases": [PLATFORM_CAMERA],
        }  # fmt: skip
        yield authorisation("listed")
        yield authorisation("revoked", state="REVOKED")
        for number in range(WITHDRAWALS):
            yield authorisation(f"withdrawn-{number}")
        for event in self.events:
            if event.kind not in UNLISTED:
                yield _entry(event)
        for story in self.stories:
            if story.is_face:
                yield _face(story)


def _now() -> int:
    return time.time_ns() // 1000


def authorisation(name: str, state: str = "GRANTED") -> tuple[str, str, dict[str, Any]]:
    """Return topic, key and record of an authorisation as it is from now on."""
    at = _now()
    record = {
        "authorisation_id": name, "state": state, "objective": "stolen_vehicle", "legal_basis": "chaos",
        "reference": name, "authority": "chaos", "kinds": ["PLATE", "FACE"], "site_ids": [SITE], "requested_by": "a",
        "approved_by": ["b"], "required_verifications": 0, "valid_from": at - DAY, "valid_until": at + DAY,
        "updated_at": at,
    }  # fmt: skip
    return "authorisations", name, authorised(record, at=at)


def _entry(event: Event) -> tuple[str, str, dict[str, Any]]:
    at, name = _now(), str(event.number)
    under = f"withdrawn-{event.withdrawal}" if event.kind == "withdrawn" else event.kind
    record = {
        "entry_id": name, "authorisation_id": under, "kind": "PLATE", "title": event.kind, "plate": plate(event.number),
        "created_by": "a", "approved_by": "b", "valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at,
    }  # fmt: skip
    return "watchlist-entries", name, enrolled(record, at=at)


def face_entry(story: int) -> str:
    """Return the id of the entry whose face a story is about."""
    return f"face-{story}"


def candidate_id(act: Act | None) -> str:
    """Return the id of a story's candidate."""
    assert act
    return stable_id("chaos-candidate", act.story)


def _face(story: Story) -> tuple[str, str, dict[str, Any]]:
    at, name = _now(), face_entry(story.number)
    record = {
        "entry_id": name, "authorisation_id": _face_authorisation(story), "kind": "FACE", "title": "face",
        "created_by": "a", "approved_by": "b", "valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at,
    }  # fmt: skip
    return "watchlist-entries", name, enrolled(record, at=at)


def _face_authorisation(story: Story) -> str:
    return "listed" if story.withdrawal is None else f"withdrawn-{story.withdrawal}"


def value_of(event: Event, codec: Codec, story: Story | None = None) -> bytes:
    """Return what is sent for an event now; of poison the same bytes never come twice."""
    if event.act and story:
        return codec.encode(*story_record(event, story))
    if event.step:
        return codec.encode("Observation", crowd_presence(event))
    if event.poison:
        return event.poison.make(event.number, event.device, codec)
    if event.raw:
        return raw_event(event.number, event.device, anpr(event), codec)
    return codec.encode("Observation", observation(event.number, event.device))


def story_record(event: Event, story: Story) -> tuple[str, dict[str, Any]]:
    """Return type and record of a step of a story, as it is written now."""
    assert event.act
    match event.act.deed:
        case "candidate":
            return "MatchCandidate", candidate(event, story)
        case "match" | "no_match":
            return "Verification", verification(event)
        case "silence" | "expire":
            return "Silence", silence(event)
        case _:
            return "Observation", presence(event)


def candidate(event: Event, story: Story) -> dict[str, Any]:
    """Return a face that `match` would have found."""
    at = _now()
    return {
        "candidate_id": candidate_id(event.act), "entry_id": face_entry(story.number), "kind": "FACE",
        "authorisation_id": _face_authorisation(story), "sighting_id": stable_id("chaos-face", event.number),
        "observation_id": stable_id("chaos", event.number), "device_id": event.device, "site_id": SITE,
        "occurred_at": at, "received_at": at, "matched_at": at, "score": 0.9, "threshold": 0.8,
        "threshold_policy": "chaos", "algorithm": "chaos", "gallery_version": "1", "gallery_size": 1,
        "required_verifications": 2, "expires_at": at + DAY,
    }  # fmt: skip


def verification(event: Event) -> dict[str, Any]:
    """Return one person's decision."""
    assert event.act
    return signed({
        "verification_id": stable_id("chaos-vote", event.number), "candidate_id": candidate_id(event.act),
        "reviewer": event.act.person, "role": "reviewer", "decision": event.act.deed.upper(), "decided_at": _now(),
    })  # fmt: skip


def silence_id(act: Act | None) -> str:
    """Return the id of a story's silence."""
    assert act
    return stable_id("chaos-silence", act.story)


def silence(event: Event) -> dict[str, Any]:
    """Return a silence of a story's group, or its end: no clock that is an hour off takes one for the other."""
    assert event.act
    at = _now()
    starts_at = at - 2 * HOUR
    is_over = event.act.deed == "expire"
    record = {
        "silence_id": silence_id(event.act), "author": event.act.person, "role": "operator", "reason": "chaos",
        "matchers": [f'group="objects|{object_id(event.act.story)}"'], "starts_at": starts_at,
        "expires_at": starts_at + MINUTE if is_over else at + 9 * HOUR, "updated_at": at,
        "expired_by": event.act.person if is_over else None,
    }  # fmt: skip
    action = "silence.expired" if is_over else "silence.added"
    return sign_silence(record, CONSOLE, action, event.act.person, "operator")


def presence(event: Event) -> dict[str, Any]:
    """Return what a device says of the object of a life story."""
    assert event.act
    lifecycle = "END" if event.act.deed == "end" else "UPDATE" if event.act.step else "START"
    return _presence(event, "zone.inside", object_id(event.act.story), lifecycle)


def crowd_presence(event: Event) -> dict[str, Any]:
    """Return what a device says of one of a crowd."""
    assert event.step
    lifecycle = "END" if event.step.deed == "end" else "UPDATE" if event.step.again else "START"
    return _presence(event, crowds.EVENT_TYPE, event.step.object_id, lifecycle)


def _presence(event: Event, event_type: str, object_id: str, lifecycle: str) -> dict[str, Any]:
    at = _now()
    return {
        "observation_id": stable_id("chaos", event.number), "event_type": event_type, "device_id": event.device,
        "source": {"format": "chaos"}, "occurred_at": at, "received_at": at, "object_class": "PERSON",
        "object_id": object_id, "lifecycle": lifecycle,
    }  # fmt: skip


def object_id(story: int) -> str:
    """Return the object of a life story; Frigate's own begin with a time."""
    return f"{1_767_225_600 + story}.0-7c4x2k"


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
