"""Builds the console from settings."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from fairwatch.apps.access import policies
from fairwatch.apps.alert_causes import causes_known
from fairwatch.apps.arming_desk import arming_desk
from fairwatch.apps.audit_desk import audit_desk
from fairwatch.apps.kafka import producer, reach
from fairwatch.apps.keys import must_be_signed, signing_key
from fairwatch.apps.lineage.explain import explain
from fairwatch.apps.links import link_key
from fairwatch.apps.media import media_store
from fairwatch.apps.on_call import OnCallNow
from fairwatch.apps.settings import Settings
from fairwatch.apps.silencing import silence_desk
from fairwatch.apps.told_configuration import tell
from fairwatch.apps.waiting_deeds import waiting_desk
from fairwatch.console.access import use
from fairwatch.console.audit_log import AuditDesk
from fairwatch.console.causes import CausesDesk
from fairwatch.console.config import ConsoleConfig
from fairwatch.console.desks import Desks
from fairwatch.console.lineage import LineageDesk
from fairwatch.console.on_call import OnCallDesk
from fairwatch.console.server import run_console
from fairwatch.domain.addresses import Networks
from fairwatch.domain.clock import SystemClock
from fairwatch.engine.quiet import quieten
from fairwatch.engine.reconnects import hold_off
from fairwatch.stores.read_model import RedisReadModel

PORT = 8090
NOT_READ = frozenset({"raw-events"})  # the console shows the hash of what a device sent, and may not read the bytes


async def run_people(settings: Settings) -> int:
    """Run the console until it is told to stop; return the exit code."""
    quieten()
    hold_off()
    use(policies(settings))
    redis_url = settings.redis_url.get_secret_value()
    config = ConsoleConfig(
        people_file=settings.config_dir / "people.yaml",
        redis_url=redis_url,
        host=settings.host,
        port=settings.port or PORT,
        health_host=settings.host,
        health_port=settings.health_port,
        tls_certificate=settings.tls_cert_file,
        tls_key=settings.tls_key_file,
        secure_cookie=settings.secure_cookie,
        proxies=Networks.parse(settings.trusted_proxies, "FAIRWATCH_TRUSTED_PROXIES"),
        link_key=link_key(settings),
        signing_key=signing_key(settings),
        must_sign=must_be_signed(settings),
        prefix=settings.topic_prefix,
        instance=settings.instance,
    )
    await reach(settings)
    async with (
        Redis.from_url(redis_url) as redis,
        producer(settings, "console") as publisher,
        audit_desk(settings) as audit,
    ):
        await tell(settings, "console", publisher)
        read_model = RedisReadModel(redis, prefix=settings.topic_prefix)
        media = media_store(settings)
        desks = _desks(settings, audit)
        return await run_console(config, publisher, read_model, media, SystemClock(), desks, publisher.answers)


def _desks(settings: Settings, audit: AuditDesk) -> Desks:
    """Return what people can ask for beside alerts and candidates; what reads topics does so in a thread."""
    clock = SystemClock()

    async def explains(alert_id: str) -> Mapping[str, Any]:
        return await asyncio.to_thread(explain, settings, alert_id, clock.now(), NOT_READ)

    async def causes(alert: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return await asyncio.to_thread(causes_known, settings, alert)

    return Desks(
        silences=silence_desk(settings, "console"),
        arming=arming_desk(settings, "console"),
        waiting=waiting_desk(settings, "console"),
        audit=audit,
        lineage=LineageDesk(explains),
        calls=OnCallDesk(OnCallNow(settings.config_dir)),
        causes=CausesDesk(causes),
    )
