"""Every device that may send, by each way to name it; changes one device at a time, without making the rest anew."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import REALMS
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DeviceBinding, read_bindings
from fairwatch.edges.mqtt.topics import OverlapError, TopicOwners


class Devices:
    """The devices of a gateway.

    Args:
        bindings: Devices; two that could be taken for one another are refused.

    Attributes:
        complete: All that are registered are known; until then one that is not may still be.

    Raises:
        ConfigurationError: Two devices share an id, key, certificate, digest account, VIID id or MQTT topic.
    """

    def __init__(self, bindings: Iterable[DeviceBinding] = ()) -> None:
        self._by_id: dict[str, DeviceBinding] = {}
        self._owners: dict[tuple[str, str], str] = {}
        self._topics = TopicOwners()
        self._changed = asyncio.Event()
        self.complete = True
        for binding in bindings:
            if binding.device_id in self._by_id:
                raise _shared(binding.device_id, binding.device_id, "device_id")
            self.put(binding)

    @property
    def all(self) -> tuple[DeviceBinding, ...]:
        """Every device, disabled ones too."""
        return tuple(self._by_id.values())

    def put(self, binding: DeviceBinding) -> None:
        """Add a device, or replace the one of its id.

        Raises:
            ConfigurationError: It could be taken for another one, which it names; nothing was changed.
        """
        self._check(binding)
        self._forget(binding.device_id)
        self._by_id[binding.device_id] = binding
        for name in _names(binding):
            self._owners[name] = binding.device_id
        for topic in binding.mqtt_topics:
            self._topics.add(topic, binding.device_id)
        self._wake()

    def remove(self, device_id: str) -> None:
        """Forget a device, if it is there."""
        self._forget(device_id)
        self._wake()

    def _check(self, binding: DeviceBinding) -> None:
        for name in _names(binding):
            if self._owners.get(name, binding.device_id) != binding.device_id:
                raise _shared(self._owners[name], binding.device_id, name[0])
        for topic in binding.mqtt_topics:
            try:
                self._topics.check(topic, binding.device_id)
            except OverlapError as error:
                raise ConfigurationError(
                    f"devices {error.owner} and {binding.device_id}: mqtt_topics {error.first!r} and {error.second!r} "
                    "match the same topic; make them disjoint"
                ) from None

    def _forget(self, device_id: str) -> None:
        known = self._by_id.pop(device_id, None)
        if known is None:
            return
        for name in _names(known):
            del self._owners[name]
        for topic in set(known.mqtt_topics):
            self._topics.remove(topic)

    def get(self, device_id: str) -> DeviceBinding | None:
        """Return the device, or None."""
        return self._by_id.get(device_id)

    def by_viid(self, viid_id: str) -> DeviceBinding | None:
        """Return the device with this GA/T 1400 id, or None."""
        return self._by_id.get(self._owners.get(("viid_id", viid_id), ""))

    def by_topic(self, topic: str) -> DeviceBinding | None:
        """Return the device whose topic filter matches, or None."""
        owner = self._topics.of(topic)
        return None if owner is None else self._by_id[owner]

    @property
    def topics(self) -> list[str]:
        """Topic filters of the enabled devices."""
        return [topic for binding in self._by_id.values() if binding.enabled for topic in binding.mqtt_topics]

    def change(self) -> asyncio.Event:
        """Return what is set at the next change; ask for it before looking, so that none is missed."""
        return self._changed

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def load_devices(path: Path, *, secrets: bool = True, seal: Seal | None = None) -> Devices:
    """Read and check devices.yaml as a whole; without `secrets` the passwords that it names are not read.

    Raises:
        ConfigurationError: Naming the file, the place in it and what is wrong.
    """
    bindings = read_bindings(path, secrets=secrets, seal=seal)
    try:
        return Devices(bindings)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _names(binding: DeviceBinding) -> Iterator[tuple[str, str]]:
    """Yield by what else than its id a device is known: (what, value)."""
    if binding.viid_id:
        yield "viid_id", binding.viid_id
    if binding.api_key_hash:
        yield "api_key_hash", binding.api_key_hash
    if binding.certificate_sha256:
        yield "certificate_sha256", binding.certificate_sha256
    if binding.digest and (known := binding.digest.ha1("SHA-256", REALMS[0])):
        yield "digest user name and password", known


def _shared(first: str, second: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"devices {first} and {second} have the same {what}; give each device its own")
