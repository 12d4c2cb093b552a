"""The devices of a gateway as they are now: devices.yaml and the topic `devices`, both followed while it runs.

A record with `access` says all about its device; without, what devices.yaml says holds, unless the record is disabled.
A change touches its own device and nothing else, so that ten thousand devices cost a change no more than ten. Where two
devices could be taken for one another, who was there first stays, and the other is let in by none: the log names both.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import Reference
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.device_index import Devices, load_devices
from fairwatch.edges.device_records import binding_of
from fairwatch.telemetry import metrics

LOOK_S: Final = 0.5  # between two looks at what has changed

Stamp = tuple[int, int, int]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeviceTopic:
    """The topic `devices`, followed.

    Attributes:
        records: What it holds, by device.
        complete: Set when all of it was read.
        run: Follows it for ever.
    """

    records: Reference
    complete: asyncio.Event
    run: Callable[[], Coroutine[Any, Any, None]]


class LiveDevices:
    """Keeps `devices` what file and topic say.

    Args:
        gateway: Its name, for the metric.
        file: devices.yaml; needed where there is no topic.
        seal: Opens sealed passwords.
        topic: None where only the file counts.

    Raises:
        ConfigurationError: The file is wrong, as it is now; once it runs a wrong file changes nothing.
    """

    def __init__(self, gateway: str, file: Path, seal: Seal, topic: DeviceTopic | None = None) -> None:
        self._gateway, self._file, self._seal, self._topic = gateway, file, seal, topic
        self._stamp = _stamp(file)
        self.devices = load_devices(file, seal=seal) if self._stamp or topic is None else Devices()
        self.devices.complete = topic is None
        self._written = {binding.device_id: binding for binding in self.devices.all}
        self._records: Mapping[str, Any] = {}
        self._version = -1
        self._refused: dict[str, str] = {}
        metrics.GATEWAY_DEVICES.labels(gateway, "known").set_function(lambda: len(self.devices.all))
        metrics.GATEWAY_DEVICES.labels(gateway, "refused").set_function(lambda: len(self._refused))

    @property
    def ready(self) -> asyncio.Event:
        """What is set once all devices are known."""
        if self._topic is not None:
            return self._topic.complete
        known = asyncio.Event()
        known.set()
        return known

    async def follow(self, stop: asyncio.Event) -> None:
        """Look for changes until `stop`."""
        following = asyncio.create_task(self._topic.run()) if self._topic else None
        try:
            while not stop.is_set():
                self.look()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
                if following is not None and following.done():
                    following.result()
        finally:
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    def look(self) -> None:
        """Take up what has changed since the last call."""
        changed = {*self._changed_in_file(), *self._changed_in_topic()}
        if changed:
            began_with = len(self._refused)
            self._settle(sorted(changed, key=self._age))
            again = [device_id for device_id in self._refused if device_id not in changed]
            if began_with:  # one that stood in another's way may be gone
                self._settle(sorted(again, key=self._age))
        if self._topic is not None:
            self.devices.complete = self._topic.complete.is_set()

    def _age(self, device_id: str) -> tuple[int, str]:
        """Return by what the devices are let in: those of the file, then those that have not changed for longest."""
        record = self._records.get(device_id)
        return (0 if device_id in self._written else 1 + ((record or {}).get("updated_at") or 0)), device_id

    def _changed_in_file(self) -> Iterable[str]:
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return ()
        self._stamp = stamp
        try:
            found = load_devices(self._file, seal=self._seal).all if stamp else ()
        except ConfigurationError as error:
            _log.error("devices.yaml stays as it was", error=str(error))
            return ()
        before, self._written = self._written, {binding.device_id: binding for binding in found}
        _log.info("devices.yaml is read again", devices=len(found))
        return before.keys() | self._written.keys()

    def _changed_in_topic(self) -> Iterable[str]:
        if self._topic is None or self._version == self._topic.records.version:
            return ()
        self._version = self._topic.records.version
        before, self._records = self._records, dict(self._topic.records.items())
        gone = before.keys() - self._records.keys()
        return [*gone, *(key for key, record in self._records.items() if before.get(key) is not record)]

    def _settle(self, device_ids: Iterable[str]) -> None:
        for device_id in device_ids:
            try:
                wanted = self._wanted(device_id)
                if wanted is None:
                    if self.devices.get(device_id) is not None:
                        self.devices.remove(device_id)
                elif wanted is not self.devices.get(device_id):
                    self.devices.put(wanted)
            except ConfigurationError as error:
                if self._refused.get(device_id) != str(error):
                    _log.error("device is not let in", device_id=device_id, error=str(error))
                self._refused[device_id] = str(error)
                self.devices.remove(device_id)
            else:
                self._refused.pop(device_id, None)

    def _wanted(self, device_id: str) -> DeviceBinding | None:
        record, written = self._records.get(device_id), self._written.get(device_id)
        if record is None:
            return written
        told = binding_of(record, self._file.parent, self._seal)
        if told is not None or written is None or record.get("enabled", True):
            return told or written
        return written.model_copy(update={"enabled": False})


def _stamp(file: Path) -> Stamp | None:
    """Return what changes with a file; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
