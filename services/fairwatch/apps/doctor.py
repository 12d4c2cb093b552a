"""Looks at everything a deployment needs and says what to do about what is not right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from fairwatch.apps.kafka import admin
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import differences
from fairwatch.domain.errors import FairwatchError
from fairwatch.gateways.credentials import load_devices
from fairwatch.stores.health import Health
from fairwatch.stores.media import MediaStore

Level = Literal["good", "warning", "bad"]
MODELS = ("centerface.onnx", "dlib_resnet_face_128.onnx")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do where it is not good."""

    what: str
    level: Level
    seen: str
    advice: str = ""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding for each thing that was looked at; nothing is changed."""
    looks: tuple[Callable[[Settings], Awaitable[Finding]], ...] = (
        _broker, _redis, _media, _devices, _people, _routes, _receivers, _models, _components,
    )  # fmt: skip
    for look in looks:
        name = look.__name__.strip("_")
        try:
            yield await look(settings)
        except (FairwatchError, OSError, RedisError) as error:
            yield Finding(name, "bad", str(error), "see the message")


async def _broker(settings: Settings) -> Finding:
    def compare() -> list[str]:
        client = admin(settings)
        try:
            found = differences(client, settings.topic_prefix, settings.max_partitions)
        finally:
            client.close()
        return [f"{change.resource}: {change.action} {change.what}" for change in found]

    changes = await asyncio.to_thread(compare)
    if not changes:
        return Finding("broker", "good", f"{settings.kafka_bootstrap} answers, topics are as schemas/topics says")
    shown = "; ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")  # noqa: PLR2004
    return Finding("broker", "warning", f"topics differ: {shown}", "fairwatch topics apply")


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
    MediaStore.open(settings.media_url)
    return Finding("media", "good", settings.media_url or "./media")


async def _devices(settings: Settings) -> Finding:
    path = settings.config_dir / "devices.yaml"
    if not path.exists():
        return Finding("devices", "warning", f"{path} is missing", "needed by gateways only")
    return Finding("devices", "good", f"{len(load_devices(path).all)} devices")


async def _people(settings: Settings) -> Finding:
    from fairwatch.console.people import People  # noqa: PLC0415

    path = settings.config_dir / "people.yaml"
    if not path.exists():
        return Finding("people", "warning", f"{path} is missing", "needed by the console only")
    People.load(path)
    return Finding("people", "good", str(path))


async def _routes(settings: Settings) -> Finding:
    from fairwatch.policy.routing import RouteTree  # noqa: PLC0415

    path = settings.config_dir / "routes.yaml"
    if not path.exists():
        return Finding("routes", "warning", f"{path} is missing", "needed by route and group")
    return Finding("routes", "good", ", ".join(RouteTree.read(path).rules))


async def _receivers(settings: Settings) -> Finding:
    from fairwatch.domain.clock import SystemClock  # noqa: PLC0415
    from fairwatch.sinks.receivers import read_receivers  # noqa: PLC0415

    path = settings.config_dir / "receivers.yaml"
    if not path.exists():
        return Finding("receivers", "warning", f"{path} is missing", "needed by notify")
    return Finding("receivers", "good", ", ".join(read_receivers(path, SystemClock())))


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
    alive = ", ".join(sorted({beat["component"] for beat in beats})) or "none running"
    return Finding("components", "good", alive)
