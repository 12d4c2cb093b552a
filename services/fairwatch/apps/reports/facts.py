"""What a deployment is, from reference data and configuration: no plate, picture, name of a person or address."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.calendar import iso_8601
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.matching.models import FaceConfig
from fairwatch.policy.retention import Retention
from fairwatch.sinks.receivers import Receivers
from fairwatch.wire.topics import topics

Record = Mapping[str, Any]
Records = Mapping[str, Record]
PERSONAL = ("raw-events", "observations", "sightings", "candidates", "verifications", "verdicts", "alerts",
            "deliveries", "watchlist-entries", "authorisations", "audit-chain")  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """Everything that is set, as it was read."""

    devices: Records = field(default_factory=dict)
    sites: Records = field(default_factory=dict)
    entries: Records = field(default_factory=dict)
    authorisations: Records = field(default_factory=dict)
    device_lists: Records = field(default_factory=dict)
    people: Records = field(default_factory=dict)
    receivers: Receivers | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    faces: FaceConfig | None = None
    plates: MatchPolicy = field(default_factory=MatchPolicy)
    retention: Retention = field(default_factory=Retention)
    settings: Mapping[str, Any] = field(default_factory=dict)


def cameras(house: House) -> list[dict[str, Any]]:
    """Return each site with how many devices send from there."""
    found: dict[str, Counter[str]] = {}
    for device in house.devices.values():
        site = found.setdefault(str(device.get("site_id") or ""), Counter())
        site["devices"] += 1
        site["enabled"] += bool(device.get("enabled", True))
    return [
        {"site": site or "(none)", "kind": house.sites.get(site, {}).get("kind") or "", "devices": number["devices"],
         "enabled": number["enabled"]}
        for site, number in sorted(found.items())
    ]  # fmt: skip


def lists(house: House) -> list[dict[str, Any]]:
    """Return how many entries are looked for, by authorisation, kind and state."""
    number = Counter(
        (str(entry.get("authorisation_id") or "(none)"), str(entry["kind"]), str(entry.get("state", "ACTIVE")))
        for entry in house.entries.values()
    )
    return [
        {"authorisation": mandate, "kind": kind, "state": state, "entries": count}
        for (mandate, kind, state), count in sorted(number.items())
    ]


def purposes(house: House, since: int | None = None, until: int | None = None) -> list[dict[str, Any]]:
    """Return what is authorised for what, without case numbers; where asked, only what held in a period."""
    found = []
    for mandate, record in sorted(house.authorisations.items()):
        over = since is not None and int(record["valid_until"]) <= since
        if over or (until is not None and int(record["valid_from"]) >= until):
            continue
        found.append(
            {
                "authorisation": mandate,
                "state": record.get("state", "REQUESTED"),
                "authority": record["authority"],
                "legal_basis": record["legal_basis"],
                "offence": record.get("offence", ""),
                "purpose": record["objective"],
                "kinds": list(record["kinds"]),
                "modes": list(record.get("modes", ())),
                "sites": list(record.get("site_ids", ())),
                "cameras": len(record.get("device_ids", ())) or "all of the sites",
                "from": iso_8601(record["valid_from"]),
                "until": iso_8601(record["valid_until"]),
                "people_needed": record.get("required_verifications", 2),
            }
        )
    return found


def retention(house: House) -> list[dict[str, Any]]:
    """Return how long what is kept."""
    most = {name: topic.retention_hours for name, topic in topics().items()}
    hours = {name: house.retention.of_topic(name, most[name]) for name in PERSONAL}
    rows = [{"what": name, "kept": f"{kept} hours" if kept > 0 else "until erased"} for name, kept in hours.items()]
    media = house.retention.of_pictures(most, house.settings.get("media_hours") or 0)
    return [*rows, {"what": "pictures", "kept": f"{media} hours"}]


def recipients(house: House) -> list[dict[str, Any]]:
    """Return who is told of alerts, without addresses."""
    if house.receivers is None:
        return []
    return [
        {"name": one.name, "by": one.sink_kind, "from_severity": one.min_severity,
         "pictures": bool(getattr(one.sink, "pictures", False))}
        for one in sorted(house.receivers.receivers, key=lambda one: one.name)
    ]  # fmt: skip


def models(house: House) -> list[dict[str, Any]]:
    """Return a card of each thing that compares: what it is, from when on it says yes, and what that rests on."""
    plates = house.plates
    rules = {"compares": "plates", "model": "none: rules for confusable characters", "expected_fpir": None}
    rests_on = f"the likelihood of a reading; {plates.reader.sentence}"
    cards: list[dict[str, Any]] = [
        {**rules, "policy": one.policy, "threshold": one.threshold, "rests_on": rests_on, **named}
        for one, named in [(plates.plates, {}), *((o.plates, {"list": o.name}) for o in plates.lists if o.plates)]
    ]
    if house.faces is None:
        return [*cards, {"compares": "faces", "model": "faces are not compared here"}]
    faces, rule = house.faces, house.faces.threshold
    cards.append(
        {"compares": "faces", "model": faces.template_space, "policy": rule.id, "threshold": round(rule.threshold, 6),
         "rests_on": rule.calibration, "expected_fpir": rule.expected_fpir, "sha256": faces.embedder.sha256}
    )  # fmt: skip
    cards += [
        {"compares": "faces", "model": faces.template_space, "policy": own.id, "threshold": round(own.threshold, 6),
         "rests_on": own.calibration, "expected_fpir": own.expected_fpir, "list": one.name}
        for one in plates.lists if (own := one.faces)
    ]  # fmt: skip
    cards.append({"compares": "finds faces", "model": faces.detector.path.name, "threshold": faces.detector.score,
                  "sha256": faces.detector.sha256})  # fmt: skip
    return cards
