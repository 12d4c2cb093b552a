"""The edge that subscribes at an MQTT broker."""

from pathlib import Path

from pydantic import Field, SecretStr

from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Ground, Subscriber
from fairwatch.edges.mqtt.gateway import MqttAddress, MqttGateway


class Options(FromEnvironment):
    """What an operator can set about it."""

    mqtt_url: SecretStr = Field(
        default=SecretStr("mqtt://127.0.0.1:1883"), description="mqtt[s]://user:password@host:port"
    )
    mqtt_url_file: Path | None = None
    mqtt_client_id: str = Field(
        default="", description="name of the persistent session; empty: made from the topic prefix"
    )
    mqtt_window: int = Field(default=100, ge=1, description="messages that may be on their way to Kafka at a time")


def subscribe(ground: Ground) -> Subscriber:
    """Make what subscribes.

    Raises:
        ConfigurationError: The address is none.
    """
    options, config = ground.options, ground.config
    return MqttGateway(
        MqttAddress.parse(options.mqtt_url.get_secret_value()),
        options.mqtt_client_id or f"fairwatch-{config.topic_prefix}{ground.name}",
        ground.devices,
        ground.intake,
        window=options.mqtt_window,
        held_bytes=config.max_held_bytes,
    )
