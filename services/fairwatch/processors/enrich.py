"""Places an observation: which registered device, which site and zones, and when it really happened."""

from collections.abc import Sequence
from typing import Any

from fairwatch.domain.calendar import is_plausible
from fairwatch.domain.device_clock import DeviceClock, Reading, stated_time
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import Returns
from fairwatch.parts import spec_of
from fairwatch.policy.device_lists import DeviceLists
from fairwatch.stores.registry import Place, Registry
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.kinds.checking import misfit
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.producers import Producers
from fairwatch.wire.refused_deeds import refused_observation
from fairwatch.wire.trust import Unauthentic

DEVICES_TOLD = 4_096  # devices of which the audit log was told, remembered here


class Enrich:
    """Turns observations into sightings.

    A recorder or platform speaks for the cameras that are registered as its children and for no other: whatever else
    it names, the observation stays its own. Any Avro client may write observations, so what policy forbids is taken out
    here, whoever wrote it.

    Args:
        devices: Known devices.
        sites: Known sites.
        state: Recent clock errors by device, so that a replay corrects times as before.
        soft_biometrics: Keep estimated age and gender.
        names: Makes the tokens by which devices' names travel.
        device_lists: Lists of devices that count; none without.
        authorisations: What these are bound to.
        producers: Who has to sign what a device sees; nobody without.
    """

    spec = spec_of("enrich")

    def __init__(
        self,
        devices: Reference,
        sites: Reference,
        state: State,
        *,
        soft_biometrics: bool = False,
        names: Names | None = None,
        device_lists: Reference | None = None,
        authorisations: Reference | None = None,
        producers: Producers | None = None,
    ) -> None:
        self._producers = producers
        self._told: dict[str, Unauthentic] = {}
        self._returns = Returns(state)
        self._lists = DeviceLists(device_lists, authorisations) if device_lists and authorisations else None
        self._registry = Registry(devices, sites, names or Names())
        self._state = state
        self._cleaner = Cleaner(soft_biometrics=soft_biometrics)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer each observation with its sighting."""
        if not batch:
            return []
        partition, clocks = batch[0].partition, dict[str, DeviceClock]()
        if self._returns.of(partition):
            self._told.clear()
        answers = [self._answer(event, partition, clocks) for event in batch]
        for device_id, clock in clocks.items():
            if clock.changed:
                self._state.put(partition, device_id, clock.saved)
        return answers

    def _answer(self, event: Event, partition: int, clocks: dict[str, DeviceClock]) -> list[Outcome]:
        device_id, reason = self._not_authentic(event)
        if reason is None:
            self._told.pop(device_id, None)
            return [self._place(event, partition, clocks)]
        refused = refused_observation("enrich", event, device_id, reason)
        if self._told.get(device_id) == reason:  # the audit log hears of it once, not at each event
            return list(refused[1:])
        if len(self._told) >= DEVICES_TOLD:
            self._told.clear()
        self._told[device_id] = reason
        return list(refused)

    def _not_authentic(self, event: Event) -> tuple[str, Unauthentic | None]:
        """Return the device that an observation is said to be of, and why it is not; None where it counts."""
        observation = event.record
        if observation is None or self._producers is None or not self._producers.bind_any:
            return event.key, None
        sender, source = observation["device_id"], observation["source"]
        device = self._registry.speaker(sender, (source.get("device_id"), source.get("channel")))
        for device_id in dict.fromkeys((sender, device["device_id"] if device else sender)):
            if reason := self._producers.refusal(device_id, event.key, observation, event.headers):
                return device_id, reason
        return sender, None

    def _place(self, event: Event, partition: int, clocks: dict[str, DeviceClock]) -> Outcome:
        observation: dict[str, Any] | None = event.record
        if observation is None:
            return Skip("tombstone")
        if event.key != observation["device_id"]:  # it would come out of its device's order; neither is shown
            return Reject("invalid_field", "Observation.device_id is not the record's key", "device_id")
        if not is_plausible(observation["received_at"]):
            return Reject("invalid_field", f"{observation['received_at']} is no plausible time", "received_at")
        observation = self._cleaner.clean("Observation", observation)
        field = misfit("Observation", observation)
        if field:  # the field, never what it says
            return Reject("invalid_field", f"Observation.{field} is not of the kind of its field", field)
        if observation.get("claim"):
            observation = {**observation, "claim": self._listed(observation)}
        return self._placed(observation, partition, clocks)

    def _listed(self, observation: dict[str, Any]) -> dict[str, Any] | None:
        """Return whom a device recognised, and how like, if a list of it is bound to an authorisation; else None."""
        claim, at = observation["claim"], observation["received_at"]
        token = claim["enrolment_id"]
        if self._lists is None or self._lists.claim(observation["device_id"], token, at=at, now=at) is None:
            return None
        return {"enrolment_id": token, "similarity": claim.get("similarity")}

    def _placed(self, observation: dict[str, Any], partition: int, clocks: dict[str, DeviceClock]) -> Outcome:
        sender, source = observation["device_id"], observation["source"]
        device = self._registry.speaker(sender, (source.get("device_id"), source.get("channel")))
        observation = self._registry.names_of(sender, device).placed(observation)
        source = observation["source"]
        if device is None:
            return self._sighting(observation, None, self._read(observation, None, partition, clocks))
        if not self._registry.is_enabled(device):
            return Reject("disabled_device", f"device {device['device_id']!r} is disabled", "device_id")
        if device["device_id"] != sender:
            tokens = {**source.get("tokens", {}), "sender": sender}
            observation = {**observation, "device_id": device["device_id"], "source": {**source, "tokens": tokens}}
        place = self._registry.place(device)
        return self._sighting(observation, place, self._read(observation, place, partition, clocks))

    def _read(
        self, observation: dict[str, Any], place: Place | None, partition: int, clocks: dict[str, DeviceClock]
    ) -> Reading:
        zones = (place.own_zone, place.site_zone) if place else (None, None)
        stated = stated_time(observation, *zones)
        if place is None or not observation.get("device_time"):
            # Nothing to learn: no clock of its own was sent, or nobody has registered the device that may come and go.
            return DeviceClock([]).read(stated, observation["received_at"])
        policy = place.device.get("clock_policy", "CORRECT")
        if policy != "CORRECT":
            at = stated if policy == "TRUST" else observation["received_at"]
            return DeviceClock([]).read(at, observation["received_at"])
        device_id = observation["device_id"]
        if device_id not in clocks:
            clocks[device_id] = DeviceClock.restore(self._state.get(partition, device_id))
        return clocks[device_id].read(stated, observation["received_at"])

    def _sighting(self, observation: dict[str, Any], place: Place | None, reading: Reading) -> Emit:
        device: dict[str, Any] = place.device if place else {}
        site: dict[str, Any] = (place.site if place else None) or {}
        sighting = {
            "sighting_id": stable_id("sighting", observation["observation_id"]),
            "observation": observation,
            "occurred_at": reading.occurred_at,
            "clock_offset_ms": reading.offset_ms,
            "clock": reading.clock,
            "device_known": place is not None,
            "device_name": device.get("name") or None,
            "site_id": place.site_id if place else None,
            "site_name": site.get("name"),
            "time_zone": place.site_zone if place else None,
            "zones": self._registry.zones_of(device, observation.get("shape")) if device else [],
            "geo": observation.get("geo") or device.get("geo"),
            "exercise": False,
        }
        return Emit("sightings", observation["device_id"], sighting)
