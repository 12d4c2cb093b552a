"""Looks at everything a deployment needs and says what to do about what is not right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import get_args

from redis.asyncio import Redis
from redis.exceptions import RedisError

from fairwatch import __version__
from fairwatch.apps import doctor_bonds, doctor_kafka, doctor_keys, doctor_receipts, keys
from fairwatch.apps.doctor_finding import Finding, some
from fairwatch.apps.kafka import admin
from fairwatch.apps.media import media_store
from fairwatch.apps.retention import kept_topics
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import Change, differences
from fairwatch.apps.vouched import known_signers
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import FairwatchError
from fairwatch.edges.device_index import load_devices
from fairwatch.stores.health import Health

QOS_CURE = "publish with QoS 1; in Frigate's configuration: mqtt: {qos: 1}"
MODELS = ("centerface.onnx", "dlib_resnet_face_128.onnx")


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding for each thing that was looked at; nothing is changed."""
    looks: tuple[Callable[[Settings], Awaitable[Finding]], ...] = (
        _broker, doctor_kafka.version, doctor_kafka.access, doctor_kafka.registry, doctor_kafka.groups,
        doctor_kafka.clocks, _redis, _media, doctor_keys.data_key_store, _devices, _mqtt, _people, _trust,
        doctor_receipts.receipts, doctor_bonds.bonds, _routes, _receivers, _models, _components,
    )  # fmt: skip
    for look in looks:
        name = look.__name__.strip("_")
        try:
            yield await look(settings)
        except (FairwatchError, OSError, RedisError) as error:
            yield Finding(name, "bad", str(error), "see the message")


async def _broker(settings: Settings) -> Finding:
    def compare() -> list[Change]:
        with closing(admin(settings)) as client:
            bounds, kept = (settings.topic_prefix, settings.max_partitions), kept_topics(settings).values()
            return differences(client, *bounds, kept, list_parts=settings.list_part.of)

    changes = await asyncio.to_thread(compare)
    if not changes:
        return Finding("broker", "good", f"{settings.kafka_bootstrap} answers, topics are as schemas/topics says")
    shown = some([f"{one.resource}: {one.action} {one.what} {one.before or ''} to {one.after}" for one in changes])
    advice = next((one.advice for one in changes if one.advice), "")
    return Finding(
        "broker", "warning", f"topics differ: {shown}", "fairwatch topics apply" + (advice and f": {advice}")
    )


async def _redis(settings: Settings) -> Finding:
    async with Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=3) as redis:
        try:
            await redis.ping()
        except RedisError as error:
            return Finding(
                "redis", "bad", type(error).__name__, "check FAIRWATCH_REDIS_URL; the hub runs on without it"
            )
    return Finding("redis", "good", "answers")


async def _media(settings: Settings) -> Finding:
    media_store(settings)
    return Finding("media", "good", settings.media_url or "./media")


async def _devices(settings: Settings) -> Finding:
    path = settings.config_dir / "devices.yaml"
    if not path.exists():
        return Finding("devices", "warning", f"{path} is missing", "needed by gateways only")
    return Finding("devices", "good", f"{len(load_devices(path).all)} devices")


async def _mqtt(settings: Settings) -> Finding:
    path = settings.config_dir / "devices.yaml"
    topics = load_devices(path, secrets=False).topics if path.exists() else []
    if not topics:
        return Finding("mqtt", "good", "no device sends over MQTT")
    health = Health(settings.redis_url.get_secret_value())
    try:
        beats = [beat for beat in await health.read_all() if beat.get("component") == "mqtt"]
    finally:
        await health.close()
    count = sum(int(beat.get("unrepeatable", 0)) for beat in beats)
    if not count:
        return Finding("mqtt", "good", f"{len(topics)} topic filters; every message can be sent again")
    return Finding(
        "mqtt", "warning", f"{count} messages came with QoS 0: what comes during a restart is lost", QOS_CURE
    )


async def _people(settings: Settings) -> Finding:
    from fairwatch.console.people import People  # noqa: PLC0415

    path = settings.config_dir / "people.yaml"
    if not path.exists():
        return Finding("people", "warning", f"{path} is missing", "needed by the console only")
    People.load(path)
    return Finding("people", "good", str(path))


async def _trust(settings: Settings) -> Finding:
    path = settings.config_dir / keys.ANCHORS
    trusted = {key.key_id for key in keys.anchors(settings)}
    if not trusted:
        return Finding(
            "trust",
            "warning",
            f"{path} is missing: nobody's decision is believed, any authorisation is",
            "fairwatch keys init",
        )
    known = await asyncio.to_thread(keys.known_keys, settings)
    good = await asyncio.to_thread(known_signers, settings, SystemClock().now())
    if not good:
        return Finding("trust", "bad", "no key that may sign what people do", "fairwatch keys init or rotate")
    found = f"{len(trusted)} administrators, {len(good)} of {len(known)} keys may sign"
    if unsigned := set(get_args(keys.Signed)) - keys.must_be_signed(settings):
        what = f"{found}; {', '.join(sorted(unsigned))} count whoever wrote them"
        return Finding("trust", "warning", what, "sign what is there, then name them in require_signed of trust.yaml")
    return Finding("trust", "good", found)


async def _routes(settings: Settings) -> Finding:
    from fairwatch.policy.routing import RouteTree  # noqa: PLC0415

    path = settings.config_dir / "routes.yaml"
    if not path.exists():
        return Finding("routes", "warning", f"{path} is missing", "needed by route and group")
    return Finding("routes", "good", ", ".join(RouteTree.read(path).rules))


async def _receivers(settings: Settings) -> Finding:
    from fairwatch.apps.pictures import pictures_of  # noqa: PLC0415
    from fairwatch.sinks.receivers import read_receivers  # noqa: PLC0415

    path = settings.config_dir / "receivers.yaml"
    if not path.exists():
        return Finding("receivers", "warning", f"{path} is missing", "needed by notify")
    receivers = read_receivers(path, SystemClock(), pictures=pictures_of(settings))
    return Finding("receivers", "good", ", ".join(receivers))


async def _models(settings: Settings) -> Finding:
    missing = [name for name in MODELS if not (settings.model_dir / name).exists()]
    if missing:
        return Finding(
            "models", "warning", f"{settings.model_dir}: no {', '.join(missing)}", "make models; needed by match"
        )
    return Finding("models", "good", str(settings.model_dir))


async def _components(settings: Settings) -> Finding:
    health = Health(settings.redis_url.get_secret_value())
    try:
        beats = await health.read_all()
    finally:
        await health.close()
    waiting = sorted(beat["component"] for beat in beats if not beat.get("ready"))
    if waiting:
        return Finding("components", "warning", f"not ready: {', '.join(waiting)}", "see their logs and /ready")
    versions = sorted({f"{beat['component']} {beat.get('version', 'of an old version')}" for beat in beats
                       if beat.get("version") != __version__})  # fmt: skip
    if versions:
        return Finding("components", "warning", f"not of version {__version__}: {some(versions)}", "finish the upgrade")
    alive = ", ".join(sorted({beat["component"] for beat in beats})) or "none running"
    return Finding("components", "good", alive)
