"""Sightings and verdicts as the steps of a test describe them."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.apps.rehearsal.script import Step
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id

STATES: Mapping[str, dict[str, Any]] = {
    "moment": {},
    "start": {"lifecycle": "START"},
    "update": {"lifecycle": "UPDATE"},
    "end": {"lifecycle": "END"},
    "on": {"lifecycle": "START", "active": True},
    "off": {"lifecycle": "END", "active": False},
}
Records = Mapping[str, Mapping[str, Any]]


class Places:
    """Where the devices of a test stand.

    Args:
        sites, devices: As in reference.yaml; without devices each one is known.
        zone: Of sites that are not there.
    """

    def __init__(self, sites: Records, devices: Records, zone: str) -> None:
        self.sites = sites
        self.devices = devices
        self._zone = zone

    def known(self, steps: Iterable[Step]) -> dict[str, Any]:
        """Return the sites by id, also those that only these steps name."""
        named = {step.site or "site" for step in steps}
        return {site_id: {"time_zone": self._zone} for site_id in named} | dict(self.sites)

    def of(self, step: Step) -> dict[str, Any]:
        """Return device_known, device_name, site_id, site_name, time_zone and zones.

        Raises:
            ConfigurationError: The device is not in reference.yaml, and the step does not say that this is meant.
        """
        device = self.devices.get(step.device)
        if device is None and self.devices and step.known is None:
            raise ConfigurationError(f"device {step.device!r} is not in reference.yaml: say `known: false` if so meant")
        known = step.known if step.known is not None else True
        site_id = step.site or (device or {}).get("site_id") or "site"
        site = self.sites.get(site_id)
        zones = [zone["zone_id"] for zone in (device or {}).get("zones", ()) if not zone.get("polygon")]
        return {
            "device_known": known,
            "device_name": (device or {}).get("name") or step.device,
            "site_id": site_id,
            "site_name": (site or {}).get("name") or site_id,
            "time_zone": (site or {}).get("time_zone") or self._zone,
            "zones": list(step.zones) if step.zones is not None else zones,
        }


def sighting(step: Step, number: int, at: int, happened: int, places: Places) -> dict[str, Any]:
    """Return what `enrich` would make of an event. Times are microseconds."""
    observation_id = stable_id("observation", step.device, step.event, number)
    source = {"format": "test", "rule": step.rule, "channel": step.channel}
    seen: dict[str, Any] = {
        "observation_id": observation_id,
        "event_type": step.event,
        "device_id": step.device,
        "source": {name: value for name, value in source.items() if value is not None},
        "occurred_at": happened,
        "received_at": at,
        **STATES[step.state],
    }
    if step.object is not None:
        seen["object_id"] = step.object
    if step.object_class is not None:
        seen["object_class"] = step.object_class
    if step.confidence is not None:
        seen["confidence"] = {"value": step.confidence}
    seen |= step.fields
    sighting_id = stable_id("sighting", observation_id)
    return {"sighting_id": sighting_id, "observation": seen, "occurred_at": happened, **places.of(step)}


def verdict(step: Step, number: int, at: int, happened: int, places: Places) -> dict[str, Any]:
    """Return what `verify` would make of what people decided. Times are microseconds."""
    place = places.of(step)
    candidate_id = stable_id("candidate", step.candidate or str(number))
    about = {
        "candidate_id": candidate_id,
        "entry_id": step.entry,
        "entry_title": step.entry,
        "authorisation_id": "authorisation-1",
        "kind": step.verdict,
        "device_id": step.device,
        "occurred_at": happened,
        "received_at": at,
        "score": 0.97 if step.confidence is None else step.confidence,
        "threshold": 0.8,
        "required_verifications": len(step.people),
        **{name: place[name] for name in ("device_name", "site_id", "site_name", "zones")},
        **step.fields,
    }
    said = [
        {"verification_id": f"{candidate_id}-{who}", "candidate_id": candidate_id, "reviewer": who, "role": "verifier"}
        | {"decision": "MATCH", "decided_at": at}
        for who in step.people
    ]
    return {
        "verdict_id": stable_id("verdict", candidate_id, step.outcome),
        "candidate_id": candidate_id,
        "outcome": step.outcome,
        "decided_at": at,
        "verifications": said,
        "candidate": about,
    }
