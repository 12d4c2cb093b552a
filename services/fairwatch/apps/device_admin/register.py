"""The devices as they are registered, what a change of one may not do, and how it is written down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import told
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import Publisher
from fairwatch.edges.credentials import read_bindings
from fairwatch.edges.device_index import Devices
from fairwatch.edges.device_records import binding_of
from fairwatch.policy.second_line import questions

FILE = "devices.yaml"
TOPIC = "devices"


@dataclass(frozen=True, slots=True)
class Change:
    """A device's record as it is to be, and what is done by that: `device.registered` or another."""

    action: str
    record: dict[str, Any]
    details: Mapping[str, str] = field(default_factory=dict)


class Register:
    """What is registered.

    Args:
        records: Of the topic, by device.
        folder: Where devices.yaml and its passwords lie.

    Attributes:
        records: The same.
        written: Devices of devices.yaml for which no record says who may send.
        conflicts: What is wrong already: such devices are let in by no gateway.
    """

    def __init__(self, records: Mapping[str, dict[str, Any]], folder: Path) -> None:
        self.records = dict(records)
        self._folder = folder
        file = folder / FILE
        found = read_bindings(file, secrets=False) if file.exists() else []
        self.written = [one for one in found if not self.records.get(one.device_id, {}).get("access")]
        self._index = Devices(self.written)
        self.conflicts = [
            fault
            for record in sorted(self.records.values(), key=lambda one: one.get("updated_at") or 0)
            for fault in self.faults(record)
        ]

    @classmethod
    def read(cls, settings: Settings) -> "Register":
        """Read topic and file.

        Raises:
            ConfigurationError: devices.yaml is wrong.
            RetryableError: No broker answers.
        """
        return cls(latest(settings, TOPIC), settings.config_dir)

    def knows(self, device_id: str) -> bool:
        """Return whether somebody may send as a device already."""
        return self._index.get(device_id) is not None

    def record(self, device_id: str) -> dict[str, Any]:
        """Return a device's record; an empty one where only devices.yaml knows it.

        Raises:
            ConfigurationError: Nobody knows it.
        """
        if device_id in self.records:
            return self.records[device_id]
        if self.knows(device_id):
            return {"device_id": device_id}
        raise ConfigurationError(f"there is no device {device_id!r}: `fairwatch devices list` names all")

    def faults(self, record: dict[str, Any]) -> list[str]:
        """Return what stands in a record's way, naming both devices; without, it counts as registered from now on."""
        try:
            binding = binding_of(record, self._folder, None)
            if binding is not None:
                self._index.put(binding)
        except ConfigurationError as error:
            return [str(error)]
        return []

    def questions(self, record: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the words that somebody should be asked about and has not been: (field, term)."""
        known = set(questions("Device", self.records.get(record["device_id"], {})))
        return [one for one in questions("Device", record) if one not in known]


async def publish(settings: Settings, register: Register, changes: Iterable[Change], reason: str = "") -> None:
    """Write records, each with who did it to the audit.

    Raises:
        ConfigurationError: A name is asked about, and there is no reason; nothing was written.
        RetryableError: The broker does not acknowledge.
    """
    wanted = list(changes)
    asked = {one.record["device_id"]: register.questions(one.record) for one in wanted}
    if not reason and any(asked.values()):
        raise ConfigurationError("; ".join(
            f"device {device_id}: {field} speaks of {term!r}: is that meant? Then say why with --reason"
            for device_id, found in asked.items() for field, term in found
        ))  # fmt: skip
    at = SystemClock().now()
    async with producer(settings, "cli") as publisher:
        for change in wanted:
            device_id = change.record["device_id"]
            await publisher.publish(TOPIC, device_id, {**change.record, "updated_at": at})
            await audited(publisher, change.action, device_id, at, {**change.details, **_because(reason)})
            if asked[device_id]:
                await audited(
                    publisher, "word.registered", device_id, at,
                    {"topic": TOPIC, "reason": reason, **dict(asked[device_id])},
                )  # fmt: skip


async def audited(publisher: Publisher, action: str, subject: str, at: int, details: Mapping[str, str]) -> None:
    """Write down what the person at this terminal did."""
    await publisher.publish("audit", subject, told(action, subject, at=at, details=details))


def _because(reason: str) -> dict[str, str]:
    return {"reason": reason} if reason else {}
