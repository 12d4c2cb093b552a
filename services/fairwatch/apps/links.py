"""Signed links in messages, from settings."""

from collections.abc import Mapping
from dataclasses import replace

from yarl import URL

from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.links import KEY_BYTES
from fairwatch.sinks.linked import Linked
from fairwatch.sinks.receivers import Receiver


def link_key(settings: Settings) -> bytes:
    """Return the key that signs links, empty for none; ConfigurationError when it is too short to be one."""
    key = settings.link_key.get_secret_value().encode()
    if key and len(key) < KEY_BYTES:
        raise ConfigurationError(f"FAIRWATCH_LINK_KEY: must have at least {KEY_BYTES} characters")
    return key


def linked(receivers: Mapping[str, Receiver], settings: Settings, clock: Clock) -> dict[str, Receiver]:
    """Return the receivers; where there is a key, their messages say where they are acknowledged.

    Raises:
        ConfigurationError: There is a key and no address, or one is none.
    """
    key = link_key(settings)
    if not key:
        return dict(receivers)
    if URL(settings.console_url).scheme not in ("http", "https"):
        raise ConfigurationError("FAIRWATCH_CONSOLE_URL: must be http(s)://host, since FAIRWATCH_LINK_KEY is set")
    return {
        name: replace(receiver, sink=Linked(receiver.sink, name, key, settings.console_url, clock))
        for name, receiver in receivers.items()
    }
