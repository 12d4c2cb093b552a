"""Names of devices: a token that stands for a registered name becomes it, a name that is not becomes a token."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fairwatch.wire.kinds.closing import noun_of_key
from fairwatch.wire.kinds.names import NAME, NAME_KINDS, Names, is_token
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
        self._known = set(registered_names(device)) if device else set()
        self._by_number = {
            (noun, number_of(names.token(sender, noun, name))): name for noun, name in sorted(self._known)
        }

    def shown(self, noun: str, name: str) -> str:
        """Return the name that is registered for this kind, else a token; numbers and serials stay as they are."""
        if not name or (noun, name) in self._known or is_plain_id(name):
            return name
        if is_token(name):
            return self._by_number.get((noun, number_of(name)), name)
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
            shown_tokens = {
                key: name if key == "sender" else self.shown(noun_of_key(key), name) for key, name in tokens.items()
            }
            if shown_tokens != tokens:
                changed["tokens"] = shown_tokens
        return {**source, **changed} if changed else source


def registered_names(device: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of each registered name.

    `names`, and the ids under which a recorder knows the device, stand for any kind; a zone's id and name for zones.
    """
    for name in (*device.get("names", ()), *device.get("aliases", ())):
        for kind in NAME_KINDS:
            yield kind, name
    for zone in device.get("zones", ()):
        for part in ("zone_id", "name"):
            for kind in ("zone", NAME) if zone.get(part) else ():
                yield kind, zone[part]
    for one in device.get("names_by_kind", ()):
        yield one["kind"].lower(), one["name"]
