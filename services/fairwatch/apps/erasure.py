"""Erases what is known of an authorisation, an entry, a candidate or whoever a picture shows, from every store."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from redis.asyncio import Redis

from fairwatch.apps.authentic import authentic as authentic_records
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import anchors, known_keys, receipt_keys
from fairwatch.apps.media import media_store
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.retention import topic_hours
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.domain.records import Authorisation, ErasureReceipt, LegalHold
from fairwatch.policy.erasure import OURS, Plan, ended, found_all, plan
from fairwatch.policy.erasure_receipt import Done, audited, receipt
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.stores.health import Health
from fairwatch.stores.read_model import RedisReadModel
from fairwatch.wire.producer import Producer
from fairwatch.wire.receipts import receipt_signed, sign_receipt

Alerts = Mapping[str, set[str]]  # ids by the group that they are keyed by


async def erase(
    settings: Settings, subject: str, *, reason: str, actor: str, key: PrivateKey | None, now: int
) -> ErasureReceipt:
    """Erase, publish the receipt with its audit record, and return it.

    The audit record and the receipt are written last: they say what was done. What a legal hold names stays; where
    that is everything, nothing is touched and the receipt says so.

    Raises:
        ConfigurationError: Nothing of that id is known, or it is an authorisation that is in force; or processors ask
            for a bond, and there is no secret here to make one.
        RetryableError: The broker does not answer.
    """
    await _require_secret(settings)
    wanted = _plan(settings, subject, now)
    alerts = _alerts(settings, wanted)
    async with producer(settings, "cli") as publisher:
        for entry_id in wanted.entries:
            await publisher.publish("watchlist-entries", entry_id, None)
        await _tombstones(publisher, wanted, alerts)
        done = Done(
            media=await _pictures(settings, wanted),
            read_model=await _read_model(settings, wanted, alerts),
            sealed=media_store(settings).sealed,
            told=True,
            alerts=tuple(sorted(set().union(*alerts.values()))),
        )
        made = receipt(wanted, done, reason=reason, ordered_by=actor, at=now, hours=topic_hours(settings))
        signed = sign_receipt(made, key)
        await publisher.publish("audit", signed["subject"], audited(signed))
        await publisher.publish("erasures", signed["receipt_id"], signed)
    return signed


def authentic(settings: Settings, written: ErasureReceipt) -> bool:
    """Tell whether a receipt is signed by an administrator or a signer of receipts of `trust.yaml`, or a known key."""
    registered = (PublicKey.of(key["public_key"]) for key in known_keys(settings).values())
    keys = (*anchors(settings), *receipt_keys(settings), *(key for key in registered if key))
    return any(receipt_signed(written, key) for key in keys)


def erased_entries(receipts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return when each entry was erased for the last time, microseconds UTC, by its id."""
    times: dict[str, int] = {}
    for one in receipts:
        for entry_id in one.get("entries", ()):
            times[entry_id] = max(one["at"], times.get(entry_id, 0))
    return times


def _plan(settings: Settings, subject: str, now: int) -> Plan:
    authorisations = cast("dict[str, Authorisation]", latest(settings, "authorisations"))
    standing = authorisations.get(subject)
    if standing and not ended(standing, now):
        state = standing.get("state", "REQUESTED")
        raise ConfigurationError(f"{subject} is {state}: revoke or reject it first, then erase what came of it")
    holds = cast("dict[str, LegalHold]", authentic_records(settings, "legal-holds"))
    there = latest(settings, "candidates").keys()  # what was erased is not; older shots of what is are
    known = found_all(one for _, _, one in read_topic(settings, "candidates") if one["candidate_id"] in there)
    entries = list(latest(settings, "watchlist-entries").values())
    wanted = plan(subject, entries, known, holds.values(), now=now, authorisations=authorisations)
    if wanted.empty and not wanted.held and not wanted.shared and not standing:
        raise ConfigurationError(f"{subject}: no authorisation, entry, candidate or picture ({OURS}…) that is known")
    return wanted


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


async def _pictures(settings: Settings, wanted: Plan) -> int | None:
    try:
        return await media_store(settings).delete(sorted(wanted.pictures))
    except RetryableError:
        return None


async def _read_model(settings: Settings, wanted: Plan, alerts: Alerts) -> int | None:
    """Forget subjects, and return how many were there; None where Redis is away."""
    try:
        async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
            model = RedisReadModel(redis, prefix=settings.topic_prefix)
            gone = [await model.forget("candidate", one) for one in wanted.candidates]
            gone += [await model.forget("alert", one) for ids in alerts.values() for one in ids]
            return sum(gone)
    except RetryableError:
        return None
