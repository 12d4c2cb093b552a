"""Builds the gateways from settings."""

import gc

from fairwatch.apps.kafka import client_options, codec, producer, reach
from fairwatch.apps.media import raw_store
from fairwatch.apps.settings import Settings
from fairwatch.apps.told_configuration import tell
from fairwatch.domain.clock import SystemClock
from fairwatch.edges.config import MIB, GatewayConfig
from fairwatch.edges.edge import Started, serve
from fairwatch.edges.live_devices import DeviceTopic
from fairwatch.engine.quiet import quieten
from fairwatch.engine.reconnects import hold_off
from fairwatch.engine.reference import TopicReference
from fairwatch.formats import catalogue
from fairwatch.parts import parts


def gateway_config(settings: Settings, kind: str) -> GatewayConfig:
    """Return the settings of one gateway."""
    return GatewayConfig(
        devices_file=settings.config_dir / "devices.yaml",
        devices_secret=settings.devices_secret.get_secret_value(),
        host=settings.host,
        port=settings.port or parts()[kind].port,
        health_host=settings.host,
        health_port=settings.health_port,
        tls_cert=settings.tls_cert_file,
        tls_key=settings.tls_key_file,
        tls_client_ca=settings.tls_client_ca_file,
        trusted_proxies=settings.trusted_proxies,
        shared_addresses=settings.shared_addresses,
        max_held_bytes=settings.held_mib * MIB,
        nonce_secret=settings.nonce_secret.get_secret_value().encode(),
        topic_prefix=settings.topic_prefix,
        redis_url=settings.redis_url.get_secret_value(),
        instance=settings.instance,
    )


def device_topic(settings: Settings, kind: str) -> DeviceTopic:
    """Return the records of devices, as a gateway follows them."""
    reference = TopicReference(kind, "devices", "Device", codec(settings))
    options = client_options(settings)
    return DeviceTopic(
        reference,
        reference.complete,
        lambda: reference.run(settings.kafka_bootstrap, options, settings.topic_prefix),
    )


def _leave_out_of_collection(_: Started) -> None:
    """Leave what stays (modules, compiled formats, devices) out of the garbage collector's rounds.

    How often these come stays as it is: a request that was refused may be a cycle, and hold its body until then.
    """
    gc.collect()
    gc.freeze()


async def run_gateway(settings: Settings, kind: str) -> int:
    """Run a gateway until it is told to stop; return the exit code."""
    quieten()
    hold_off()
    bodies = raw_store(settings)
    publisher = producer(settings, f"gateway/{kind}")
    config = gateway_config(settings, kind)

    async def connect() -> None:
        await reach(settings)  # says more than the client, and sooner
        await publisher.connect()
        await tell(settings, kind, publisher)

    try:
        topic = device_topic(settings, kind)
        return await serve(
            kind,
            config,
            publisher,
            bodies,
            SystemClock(),
            check=catalogue.refusal,
            connect=connect,
            topic=topic,
            started=_leave_out_of_collection,
        )
    finally:
        await publisher.close()
