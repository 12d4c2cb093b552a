"""Erases what is known of an authorisation, an entry, a candidate or whoever a picture shows, from every store."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from redis.asyncio import Redis

from fairwatch.apps.authentic import authentic as authentic_records
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import anchors, must_be_signed, receipt_keys
from fairwatch.apps.media import media_store
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.retention import topic_hours
from fairwatch.apps.settings import Settings
from fairwatch.apps.vouched import known_signers
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.domain.records import Authorisation, ErasureReceipt, LegalHold
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.policy.erasure import OURS, Plan, ended, found_all, plan
from fairwatch.policy.erasure_receipt import Done, audited, receipt
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.stores.health import Health
from fairwatch.stores.read_model import RedisReadModel
from fairwatch.wire.producer import Producer
from fairwatch.wire.receipts import receipt_signed, sign_receipt
from fairwatch.wire.trust_heads import TOPIC as HEADS

HOLDS = "legal-holds"
Alerts = Mapping[str, set[str]]  # ids by the group that they are keyed by


async def erase(
    settings: Settings, subject: str, *, reason: str, actor: str, key: PrivateKey | None, now: int
) -> ErasureReceipt:
    """Erase, publish the receipt with its audit record, and return it.

    Pictures go first: once the records that name them are gone, nobody knows any more which they were. The audit record
    and the receipt are written last: they say what was done. What a legal hold names stays; where that is everything,
    nothing is touched and the receipt says so. Done again it finishes what a store that was away left undone.

    Raises:
        ConfigurationError: Nothing of that id is known, or it is an authorisation that is in force; or processors ask
            for a bond, and there is no secret here to make one; or nobody would believe a receipt of this key.
        RetryableError: The broker does not answer, or the media store: then every record is still there.
    """
    await _require_secret(settings)
    _require_believed(settings, key, now)
    wanted, before = _plan(settings, subject, now)
    alerts = _alerts(settings, wanted)
    told = sorted(before.union(*alerts.values()))
    media = await media_store(settings).delete(sorted(wanted.pictures)) if wanted.pictures else 0
    async with producer(settings, "cli") as publisher:
        for entry_id in wanted.entries:
            await publisher.publish("watchlist-entries", entry_id, None)
        await _tombstones(publisher, wanted, alerts)
        done = Done(
            media=media,
            read_model=await _read_model(settings, wanted, told),
            sealed=media_store(settings).sealed,
            told=True,
            alerts=tuple(told),
        )
        made = receipt(wanted, done, reason=reason, ordered_by=actor, at=now, hours=topic_hours(settings))
        signed = sign_receipt(made, key)
        await publisher.publish("audit", signed["subject"], audited(signed))
        await publisher.publish("erasures", signed["receipt_id"], signed)
    return signed


def authentic(settings: Settings, written: ErasureReceipt) -> bool:
    """Tell whether a receipt is signed by an administrator or a signer of receipts of `trust.yaml`, or a known key."""
    return any(receipt_signed(written, key) for key in _believed(settings, written["at"]))


def _believed(settings: Settings, at: int) -> list[PublicKey]:
    return [*anchors(settings), *receipt_keys(settings), *known_signers(settings, at)]


def _require_believed(settings: Settings, key: PrivateKey | None, now: int) -> None:
    """Refuse to begin where what is erased would be shown again: nobody would believe that it is."""
    if receipt_keys(settings) and (key is None or key.public not in _believed(settings, now)):
        known = "an administrator's key, one under `receipts` in trust.yaml, or a registered one"
        raise ConfigurationError(f"--key: nobody here believes a receipt that it signs; name {known}")


def erased_entries(receipts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return when each entry was erased for the last time, microseconds UTC, by its id."""
    times: dict[str, int] = {}
    for one in receipts:
        for entry_id in one.get("entries", ()):
            times[entry_id] = max(one["at"], times.get(entry_id, 0))
    return times


def _plan(settings: Settings, subject: str, now: int) -> tuple[Plan, frozenset[str]]:
    """Return what is to go, and the alerts that went before of which a store may still tell."""
    authorisations = cast("dict[str, Authorisation]", latest(settings, "authorisations"))
    standing = authorisations.get(subject)
    if standing and not ended(standing, now):
        state = standing.get("state", "REQUESTED")
        raise ConfigurationError(f"{subject} is {state}: revoke or reject it first, then erase what came of it")
    holds = cast("Mapping[str, LegalHold]", authentic_records(settings, HOLDS))
    _require_holds(settings, holds)
    there = latest(settings, "candidates").keys()  # what was erased is not; older shots of what is are
    known = found_all(one for _, _, one in read_topic(settings, "candidates") if one["candidate_id"] in there)
    entries = list(latest(settings, "watchlist-entries").values())
    wanted = plan(subject, entries, known, holds.values(), now=now, authorisations=authorisations)
    if wanted.empty and not wanted.held and (left := _left_undone(settings, subject)) is not None:
        back = {*there, *(entry["entry_id"] for entry in entries)}  # what came anew since is another thing
        entries_left = tuple(one for one in left.get("entries", ()) if one not in back)
        candidates_left = tuple(one for one in left.get("candidates", ()) if one not in back)
        return replace(wanted, entries=entries_left, candidates=candidates_left), frozenset(left.get("alerts", ()))
    if wanted.empty and not wanted.held and not wanted.shared and not standing:
        raise ConfigurationError(f"{subject}: no authorisation, entry, candidate or picture ({OURS}…) that is known")
    return wanted, frozenset()


def _require_holds(settings: Settings, holds: Mapping[str, LegalHold]) -> None:
    """Refuse where a hold that somebody signed was deleted or written over: nobody can say what it keeps."""
    if HOLDS not in must_be_signed(settings):
        return
    signed = sorted(head["subject"] for head in latest(settings, HEADS).values() if head["topic"] == HOLDS)
    lost = [one for one in signed if one not in holds or cast("Any", holds[one]).get("state") == NOT_AUTHENTIC]
    if lost:
        what = f"legal hold {lost[0]} was signed, and is not on its topic any more: nobody can say what it keeps"
        raise ConfigurationError(f"{what}; bring it back from a backup (`fairwatch import`), and look who took it away")


def _left_undone(settings: Settings, subject: str) -> ErasureReceipt | None:
    """Return the last receipt of a subject, where it names a store that was away."""
    of_it = (cast("ErasureReceipt", one) for one in latest(settings, "erasures").values() if one["subject"] == subject)
    last = max((one for one in of_it if authentic(settings, one)), key=lambda one: one["at"], default=None)
    away = last is not None and any(one.get("outcome") == "UNREACHABLE" for one in last["stores"])
    return last if away else None


def _alerts(settings: Settings, wanted: Plan) -> Alerts:
    """Return the alerts that tell of what is erased."""
    gone, groups = {*wanted.entries, *wanted.candidates}, dict[str, set[str]]()
    for _, _, alert in read_topic(settings, "alerts") if gone else ():
        if alert.get("entry_id") in gone or alert.get("candidate_id") in gone:
            groups.setdefault(alert["group"], set()).add(alert["alert_id"])
    return groups


async def _require_secret(settings: Settings) -> None:
    """Refuse to begin where processors would not believe that we take candidates away; as they say of themselves."""
    if settings.chain_key.get_secret_value():
        return
    health = Health(settings.redis_url.get_secret_value())
    try:
        asks = any(beat.get("bonds") == "asked" for beat in await health.read_all())
    finally:
        await health.close()
    if asks:
        what = "what takes candidates away has to bear the processors' bond: give the same secret here"
        raise ConfigurationError(f"FAIRWATCH_CHAIN_KEY: {what}")


async def _tombstones(publisher: Producer, wanted: Plan, alerts: Alerts) -> None:
    for candidate_id in wanted.candidates:
        await publisher.publish("candidates", candidate_id, None)
    for group in alerts:
        await publisher.publish("alerts", group, None)


async def _read_model(settings: Settings, wanted: Plan, alerts: Iterable[str]) -> int | None:
    """Forget subjects, and return how many were there; None where Redis is away."""
    try:
        async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
            model = RedisReadModel(redis, prefix=settings.topic_prefix)
            gone = [await model.forget("candidate", one) for one in wanted.candidates]
            gone += [await model.forget("alert", one) for one in alerts]
            return sum(gone)
    except RetryableError:
        return None
