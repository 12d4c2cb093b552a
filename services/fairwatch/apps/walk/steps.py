"""The steps of the walk: requested, granted, seen, confirmed by two people, told, revoked, kept by a hold, erased."""

import asyncio
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import aiohttp

from fairwatch.apps import authorising, erasure, holding
from fairwatch.apps.demo import signing, world
from fairwatch.apps.demo.cameras.hikvision import HikvisionCamera
from fairwatch.apps.demo.credentials import PEOPLE
from fairwatch.apps.demo.pictures import portrait
from fairwatch.apps.demo.reviewer import Reviewer
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import ADMIN
from fairwatch.apps.media import media_store
from fairwatch.apps.signer import Signer
from fairwatch.apps.walk import log
from fairwatch.apps.walk.forgeries import try_all
from fairwatch.apps.walk.ground import AGREES, ASKS, AUTHORISATION, ENTRY, WAIT_S, Ground, OffTheWayError, entry, wish
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.records import ErasureReceipt
from fairwatch.policy.erasure import pictures_of
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.media import MediaStore, path_of
from fairwatch.wire.signings import APPROVE, PLACE, RELEASE, REQUEST, REVOKE

CAMERA = "hik-harbour-2"
SEEN = "obama2.jpg"
AGAIN_S = 4.0
UNKNOWN = 404


async def walk(ground: Ground) -> None:
    """Go the whole way; OffTheWayError where it cannot go on."""
    await request(ground)
    async with aiohttp.ClientSession(middlewares=(_digest(ground),)) as http:
        camera = HikvisionCamera(
            http, f"{ground.stage.addresses['http']}/v1/push/{CAMERA}", CAMERA, world.HIKVISION[CAMERA]
        )
        await pass_by(ground, camera)
        await grant(ground)
        await recognise(ground, camera)
    await log.anchor(ground)
    await try_all(ground)
    await log.forge(ground)
    await confirm(ground)
    await revoke(ground)
    await hold(ground)
    await erase(ground)


def _digest(ground: Ground) -> aiohttp.DigestAuthMiddleware:
    return aiohttp.DigestAuthMiddleware(CAMERA, ground.stage.credentials.digest[CAMERA])


async def request(ground: Ground) -> None:
    """One person asks for an authorisation, and lists the child."""
    settings, signer = ground.stage.settings, Signer(ASKS, "requester", ground.key)
    try:
        authorising.requested({**wish(), "urgency": "missing since noon"}, signer, _now())
        refused = "NOTHING"
    except ConfigurationError as error:
        refused = str(error)
    ground.note(f"{ASKS} calls a month urgent, so that nobody has to agree", held=refused != "NOTHING", seen=refused)
    record = authorising.requested(wish(), signer, _now())
    await authorising.write(settings, REQUEST, signer, record)
    async with producer(settings, "walk") as publisher:
        for row in signing.signed([("watchlist-entries", ENTRY, entry(ground.reference))], ground.key):
            await publisher.publish(*row)
    found = await ground.audited("authorisation.request", AUTHORISATION)
    ground.note(f"{ASKS} asks for an authorisation, signed, and lists the child", held=bool(found), seen="REQUESTED")


async def pass_by(ground: Ground, camera: HikvisionCamera) -> None:
    """The child passes while nobody has agreed."""
    await _capture(ground, camera, 1)
    found = await ground.until("sightings", lambda r: r["observation"]["device_id"] == CAMERA)
    ground.note(
        "the child passes a camera before anybody has agreed", held=len(found) == 1, seen="a sighting, kept for 7 days"
    )


async def grant(ground: Ground) -> None:
    """The requester may not agree; another person does."""
    settings, now = ground.stage.settings, _now()
    record = await asyncio.to_thread(authorising.one, settings, AUTHORISATION)
    try:
        authorising.decided(record, APPROVE, Signer(ASKS, "approver", ground.key), now, "")
        refused = "NOTHING"
    except ConfigurationError as error:
        refused = str(error)
    ground.note(f"{ASKS} agrees to the own request", held=refused != "NOTHING", seen=f"refused: {refused}")
    signer = Signer(AGREES, "approver", ground.key)
    await authorising.write(settings, APPROVE, signer, authorising.decided(record, APPROVE, signer, now, ""))
    found = await ground.audited("authorisation.approve", AUTHORISATION)
    ground.note(f"{AGREES} agrees, signed: it is in force at the harbour for a day", held=bool(found), seen="GRANTED")


async def recognise(ground: Ground, camera: HikvisionCamera) -> None:
    """The child passes again and becomes one candidate, which nobody has confirmed."""
    granted, deadline, face = _now(), time.monotonic() + WAIT_S, 2
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        await _capture(ground, camera, face)  # until `match` has made the template
        again, face = time.monotonic() + AGAIN_S, face + 1
        while not found and time.monotonic() < again:
            found = await ground.records("candidates")
            await asyncio.sleep(0.2)
    if not found:
        raise OffTheWayError(f"the child was not recognised within {WAIT_S:.0f} s")
    ground.candidate = found[0]
    late = all(one["received_at"] >= granted for one in found)
    told = f"score {ground.candidate['score']:.2f} of {ground.candidate['threshold']:.2f}"
    ground.note("the child passes again: one candidate, of what was seen since it is in force", held=late, seen=told)


async def confirm(ground: Ground) -> None:
    """Two people look at both pictures and confirm; then the control room is told, once."""
    console, candidate = ground.stage.addresses["console"], ground.candidate["candidate_id"]
    for name in PEOPLE:
        reviewer = await Reviewer.sign_in(console, name, ground.stage.credentials.people[name])
        await _listed(reviewer, candidate)
        await reviewer.decide(candidate, "MATCH", "same scar, same ears")
        await reviewer.close()
        ground.note(f"{name} looks at both pictures in the console and confirms")
    found = await ground.until("verdicts", lambda r: r["candidate_id"] == candidate)
    outcomes = [one["outcome"] for one in found]
    reviewers = sorted(v["reviewer"] for one in found for v in one["verifications"])
    held = outcomes == ["CONFIRMED"] and reviewers == sorted(PEOPLE)
    ground.note("two people are a verdict", held=held, seen=f"{', '.join(outcomes)} by {', '.join(reviewers)}")
    told = await ground.until("deliveries", lambda r: r["state"] == "DELIVERED")
    arrivals, room = sum(ground.stage.room.arrivals.values()), ground.stage.room
    held = bool(told) and arrivals == 1 and len(room.of_rule("missing-child")) == 1 and not room.forged
    ground.note("the control room is told, once, by a signed webhook", held=held, seen=f"{arrivals} delivery")


async def revoke(ground: Ground) -> None:
    """The authorisation is taken back: the verdict and the alert with it, and what was enrolled goes."""
    settings, signer = ground.stage.settings, Signer(AGREES, "approver", ground.key)
    record = await asyncio.to_thread(authorising.one, settings, AUTHORISATION)
    await authorising.write(settings, REVOKE, signer, authorising.decided(record, REVOKE, signer, _now(), "found"))
    candidate = ground.candidate["candidate_id"]
    taken = await ground.until("verdicts", lambda r: (r["candidate_id"], r["outcome"]) == (candidate, "REVOKED"))
    ground.note(f"{AGREES} revokes the authorisation: the verdict is taken back", held=bool(taken), seen="REVOKED")
    cancelled = await ground.until("alerts", lambda r: r.get("entry_id") == ENTRY and r["state"] == "CANCELLED")
    ground.note("… and the alert", held=bool(cancelled), seen="CANCELLED")
    receipts = await ground.until("erasures", lambda r: r["subject"] == AUTHORISATION)
    listed = ENTRY in await ground.newest("watchlist-entries")
    signed = bool(receipts) and await asyncio.to_thread(
        erasure.authentic, settings, cast("ErasureReceipt", receipts[0])
    )
    held = signed and ENTRY in receipts[0]["entries"] and not listed
    ground.note("retain takes the child off the list by itself, its receipt signed", held=held, seen=_told(receipts))
    left = await _pictures(ground)
    whole = len(left) == len(_evidence(ground))
    ground.note("what two people confirmed stays, as evidence", held=whole, seen=f"{len(left)} pictures")


async def hold(ground: Ground) -> None:
    """A legal hold keeps the evidence from an erasure, until somebody else releases it."""
    settings, candidate = ground.stage.settings, ground.candidate["candidate_id"]
    alice, judge = Signer("alice", "reviewer", ground.key), Signer(AGREES, "approver", ground.key)
    placed = holding.placed(candidate, alice, _now(), reason="appeal", reference="2026-44")
    await holding.write(settings, PLACE, alice, placed)
    forged = {**placed, "released_by": "bob", "released_at": _now()}
    async with producer(settings, "cli") as publisher:
        await publisher.publish(holding.TOPIC, placed["hold_id"], forged)
    receipt = await _erase(ground, candidate)
    left = await _pictures(ground)
    held = receipt["holds"] == [placed["hold_id"]] and len(left) == len(_evidence(ground))
    held = held and bool(await ground.audited("erasure.held", candidate))
    ground.note(
        "an erasure under a legal hold touches nothing",
        held=held,
        seen="erasure.held, a forged release too",
    )
    standing = (await asyncio.to_thread(holding.known, settings))[placed["hold_id"]]
    await holding.write(settings, RELEASE, judge, holding.released(standing, judge, _now()))
    ground.note(f"{AGREES} releases the hold that alice placed")


async def erase(ground: Ground) -> None:
    """Everything goes; the receipt names every store."""
    copy = await asyncio.to_thread(_backup, ground)
    receipt = await _erase(ground, AUTHORISATION)
    left = await _pictures(ground)
    for one in receipt["stores"]:
        ground.note(f"  {one['store']}: {one['outcome']} {one['objects'] or ''}".rstrip(), seen=one["detail"])
    held = not left and all(one["outcome"] != "UNREACHABLE" for one in receipt["stores"])
    ground.note("every picture of the child is gone from the store", held=held, seen=f"{len(left)} left")
    await _copy_says_nothing(ground, copy)
    authentic = await asyncio.to_thread(erasure.authentic, ground.stage.settings, receipt)
    ground.note("the receipt is signed with an administrator's key", held=authentic, seen=receipt["receipt_id"])
    status = await _shown(ground)
    ground.note("the console knows no such candidate", held=status == UNKNOWN, seen=f"HTTP {status}")
    audited = await ground.audited("erasure.done", AUTHORISATION, 2)
    ground.note("both erasures are in the audit log", held=len(audited) >= 2, seen=f"{len(audited)} records")  # noqa: PLR2004


def _backup(ground: Ground) -> Path:
    """Copy the media store, as a backup or a version of its bucket would."""
    folder = ground.stage.components.logs.parent
    copy = folder / "backup"
    shutil.copytree(folder / "media", copy)
    return copy


async def _copy_says_nothing(ground: Ground, copy: Path) -> None:
    """Try to read the pictures from a copy that was made before they were erased."""
    settings = ground.stage.settings.model_copy(update={"media_url": f"file://{copy}"})
    lying = [one for one in _evidence(ground) if (copy / path_of(one)).exists()]
    said = await _readable(media_store(settings), lying)
    ground.note(
        "a copy of the store from before still has them, sealed under data keys that are gone",
        held=bool(lying) and not said,
        seen=f"{len(lying)} files, {len(said)} can be opened",
    )


async def _shown(ground: Ground) -> int:
    """Return how the console answers to whoever asks for the candidate."""
    stage = ground.stage
    reviewer = await Reviewer.sign_in(stage.addresses["console"], "alice", stage.credentials.people["alice"])
    path = f"/api/candidates/{ground.candidate['candidate_id']}"
    async with reviewer.http.get(path, raise_for_status=False) as response:
        status = response.status
    await reviewer.close()
    return status


async def _erase(ground: Ground, subject: str) -> Any:
    key = PrivateKey.load(ground.stage.components.logs.parent / "keys" / ADMIN)
    return await erasure.erase(
        ground.stage.settings, subject, reason="the case is closed", actor="operator:walk", key=key, now=_now()
    )


def _evidence(ground: Ground) -> frozenset[str]:
    return pictures_of(ground.candidate)


async def _pictures(ground: Ground) -> list[str]:
    """Return the pictures of the candidate, and of the entry, that are still in the store."""
    return await _readable(media_store(ground.stage.settings), {*_evidence(ground), ground.reference["uri"]})


async def _readable(store: MediaStore, uris: Collection[str]) -> list[str]:
    left = []
    for uri in sorted(uris):
        try:
            await store.get(uri)
        except RejectedError:
            continue
        left.append(uri)
    return left


async def _capture(ground: Ground, camera: HikvisionCamera, face: int) -> None:
    picture, _, _ = portrait(ground.stage.pictures, SEEN)
    status = await camera.capture_face(picture, face_id=face)
    if status != 200:  # noqa: PLR2004
        raise OffTheWayError(f"the gateway answered {status} to a face")


async def _listed(reviewer: Reviewer, candidate: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while candidate not in {one["candidate_id"] for one in await reviewer.pending()}:
        if time.monotonic() > deadline:
            raise OffTheWayError(f"the candidate did not reach the console within {WAIT_S:.0f} s")
        await asyncio.sleep(0.2)


def _told(receipts: list[dict[str, Any]]) -> str:
    return f"{len(receipts)} receipt, {len(receipts[0]['stores'])} stores" if receipts else "NO RECEIPT"


def _now() -> int:
    return time.time_ns() // 1000
