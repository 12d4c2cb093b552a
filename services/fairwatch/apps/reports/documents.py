"""The two reports as documents: the same log and configuration give the same bytes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.reports.facts import PERSONAL, House, cameras, lists, models, purposes, recipients, retention
from fairwatch.domain.calendar import iso_8601
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.wire.topics import topics

TWO = 2  # people
WANTED = {"soft_biometrics": False, "signatures_demanded": True, "kafka_knows_who_writes": True}
NOT_IN_THE_LOG = (
    "Searches that found nobody are in no log: who was not found leaves no trace. The metrics of match count them.",
    "Configuration is told as it stands when the report is made; what changed in the period is among the actions.",
    "What operators and components are said to have done is counted as it was told where no key signed it: `unsigned`.",
    "Whether the log is whole is for `fairwatch audit verify`, beside checkpoints that are kept elsewhere.",
)
FOR_PEOPLE = (
    "Necessity and proportionality of each purpose, and the alternatives that were considered.",
    "Consultation of those concerned, of the works council, of the data protection officer and the authority.",
    "Notices at the cameras, and how people ask what is kept of them.",
    "Accuracy and bias of the models for the people who pass here: measured with pictures from here.",
    "Training of those who decide, and time to decide without pressure.",
)


def transparency(house: House, counts: Mapping[str, Any], since: int, until: int) -> dict[str, Any]:
    """Return the report of a period, `since` included, `until` not, in microseconds UTC."""
    return {
        "report": "transparency",
        "from": iso_8601(since),
        "to": iso_8601(until),
        "counts": dict(counts),
        "cameras": cameras(house),
        "purposes": purposes(house, since, until),
        "lists": lists(house),
        "recipients": recipients(house),
        "retention": retention(house),
        "models": models(house),
        "limits": list(NOT_IN_THE_LOG),
    }


def impact(house: House) -> dict[str, Any]:
    """Return what an assessment of the impact starts from: facts, what is open, and what no program can answer."""
    return {
        "report": "impact",
        "purposes": [one | _assessed(house.authorisations[one["authorisation"]]) for one in purposes(house)],
        "cameras": cameras(house),
        "lists": lists(house),
        "device_lists": dict(sorted(Counter(str(one.get("state")) for one in house.device_lists.values()).items())),
        "rules": [
            {"rule": name, "severity": rule.severity, "receivers": list(rule.receivers)}
            for name, rule in sorted(house.rules.items())
        ],
        "recipients": recipients(house),
        "data": [
            {"topic": name, "record": topics()[name].record, "written_by": ", ".join(topics()[name].producers),
             "read_by": ", ".join(topics()[name].consumers)}
            for name in PERSONAL
        ],
        "retention": retention(house),
        "models": models(house),
        "people": dict(sorted(Counter(role for one in _active(house) for role in one["roles"]).items())),
        "safeguards": dict(sorted(house.settings.items())),
        "open": list(_open(house)),
        "for_people": list(FOR_PEOPLE),
    }  # fmt: skip


def _assessed(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reference": record["reference"],
        "fria": record.get("fria_id"),
        "dpia": record.get("dpia_id"),
        "waiver": record.get("waiver"),
        "agreed_by": len(record.get("approved_by", ())),
        "signed_deeds": len(record.get("deeds", ())),
    }


def _active(house: House) -> list[Mapping[str, Any]]:
    return [person for person in house.people.values() if not person.get("until")]


def _open(house: House) -> Iterator[str]:
    """Yield what an assessor would ask about."""
    for mandate, record in sorted(house.authorisations.items()):
        if record.get("state") == "GRANTED":
            yield from _open_of(mandate, record)
        elif record.get("state") == NOT_AUTHENTIC:
            yield f"authorisation {mandate} is signed by nobody who may, and so not in force: who wrote it?"
    unreviewed = sum(not entry.get("review_at") for entry in house.entries.values())
    if unreviewed:
        yield f"{unreviewed} of {len(house.entries)} entries have no date at which somebody looks at them again"
    if house.faces is not None and house.faces.threshold.expected_fpir is None:
        yield "the threshold of faces has no measured false positive rate: `fairwatch faces calibrate`"
    for one in house.plates.lists if house.faces is not None else ():
        if one.faces and one.faces.expected_fpir is None:
            yield f"list {one.name} has no measured false positive rate of faces: `fairwatch faces calibrate`"
    yield from (f"receiver {one['name']} is sent pictures" for one in recipients(house) if one["pictures"])
    for name, wanted in WANTED.items():
        if house.settings.get(name, wanted) is not wanted:
            yield f"{name} is {str(house.settings[name]).lower()}"


def _open_of(mandate: str, record: Mapping[str, Any]) -> Iterator[str]:
    for name, what in (("dpia_id", "data protection"), ("fria_id", "fundamental rights")):
        if not record.get(name):
            yield f"authorisation {mandate} names no {what} impact assessment ({name})"
    if record.get("waiver"):
        yield f"authorisation {mandate} waives a rule: {record['waiver']}"
    if int(record.get("required_verifications", 2)) < TWO and "FACE" in record["kinds"]:
        yield f"authorisation {mandate} lets fewer than two people decide on faces"
