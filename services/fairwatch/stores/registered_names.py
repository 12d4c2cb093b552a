"""Names of devices: a token that stands for a registered name becomes it, a name that is not becomes a token."""

from collections.abc import Mapping
from typing import Any, Final

from fairwatch.wire.kinds.names import Names, is_token
from fairwatch.wire.kinds.shapes import is_plain_id

_SOURCE: Final = (("device_id", "device"), ("channel", "channel"), ("module", "module"), ("rule", "rule"))


def number_of(token: str) -> str:
    """Return what a token is without its noun: one name has one number, whatever it is the name of."""
    return token.partition(":")[2]


class RegisteredNames:
    """The names of one device.

    Args:
        names: Makes tokens.
        sender: Id under which the device sends, which its tokens were made with.
        device: Its record; nothing is registered for a device that nobody knows.
    """

    def __init__(self, names: Names, sender: str, device: Mapping[str, Any] | None) -> None:
        self._names = names
        self._sender = sender
        known = (
            {
                *device.get("aliases", ()),
                *device.get("names", ()),
                *(zone[part] for zone in device.get("zones", ()) for part in ("zone_id", "name") if zone.get(part)),
            }
            if device
            else set()
        )
        self._known = known
        self._by_number = {number_of(names.token(sender, "name", name)): name for name in known}

    def shown(self, noun: str, name: str) -> str:
        """Return the registered name, else a token; numbers and serials stay as they are."""
        if not name or name in self._known or is_plain_id(name):
            return name
        if is_token(name):
            registered: str = self._by_number.get(number_of(name), name)
            return registered
        return self._names.token(self._sender, noun, name)

    def placed(self, observation: dict[str, Any]) -> dict[str, Any]:
        """Return an observation with its names as `shown`; the same one where nothing changes."""
        source = self._of_source(observation["source"])
        zones = [self.shown("zone", zone) for zone in observation.get("zones", ())]
        changed: dict[str, Any] = {}
        if source is not observation["source"]:
            changed["source"] = source
        if zones != observation.get("zones", []):
            changed["zones"] = zones
        return {**observation, **changed} if changed else observation

    def _of_source(self, source: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for field, noun in _SOURCE:
            name = source.get(field)
            if name and (shown := self.shown(noun, name)) != name:
                changed[field] = shown
        tokens = source.get("tokens")
        if tokens:
            shown_tokens = {key: name if key == "sender" else self.shown("name", name) for key, name in tokens.items()}
            if shown_tokens != tokens:
                changed["tokens"] = shown_tokens
        return {**source, **changed} if changed else source
