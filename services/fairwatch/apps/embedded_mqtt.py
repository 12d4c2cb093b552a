"""An MQTT broker inside the process (amqtt), with passwords, on a free loopback port: for the demo and the tests."""

import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from amqtt.broker import BrokerContext
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from fairwatch.apps.mqtt_delivery import KeepingBroker


@dataclass(frozen=True, slots=True)
class EmbeddedMqtt:
    """A running broker."""

    host: str
    port: int
    users: Mapping[str, str] = field(repr=False)

    def url(self, user: str) -> str:
        """Return the address with a user's credentials, as FAIRWATCH_MQTT_URL takes it."""
        return f"mqtt://{quote(user, safe='')}:{quote(self.users[user], safe='')}@{self.host}:{self.port}"


@asynccontextmanager
async def start_mqtt(users: Mapping[str, str], port: int = 0) -> AsyncIterator[EmbeddedMqtt]:
    """Run a broker in this event loop.

    Args:
        users: Passwords by user name; nobody else may connect.
        port: Loopback port; 0 takes a free one.
    """
    plugin = f"{PasswordPlugin.__module__}.{PasswordPlugin.__qualname__}"
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {plugin: {"users": dict(users)}},
    }
    broker = KeepingBroker(config)
    await broker.start()
    try:
        yield EmbeddedMqtt("127.0.0.1", broker.bound_port, users)
    finally:
        await broker.shutdown()


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Lets in who knows a configured password."""

    @dataclass
    class Config:
        """Settings of the plugin."""

        users: dict[str, str] = field(default_factory=dict)

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._users: dict[str, str] = self._get_config_option("users", {})

    async def authenticate(self, *, session: Session) -> bool:
        """Return whether user name and password are right."""
        expected = self._users.get(session.username or "")
        return expected is not None and hmac.compare_digest(expected.encode(), (session.password or "").encode())
