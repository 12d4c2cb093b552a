"""Gathers the records of an alert, by their ids and within its time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.lineage.window import Find
from fairwatch.domain.errors import ConfigurationError

Record = Mapping[str, Any]
Latest = Callable[[str], Mapping[str, Record]]

SLACK = 10 * 60_000_000  # microseconds: what a step may come before its time, by clocks of hosts
LATER = 60 * 60_000_000  # and after it, when a step was slow; when it was slower still, it is looked for to the end
TRIGGERS = 20  # of an alert that are followed back to their bytes


@dataclass(slots=True)
class Gathered:
    """The records of an alert, as far as they are still there.

    Attributes:
        triggers: Ids of what raised it, the first ones; `more` were left out.
    """

    alert: Record
    revisions: list[Record]
    triggers: list[str]
    more: int
    candidate: Record | None = None
    verdict: Record | None = None
    verifications: list[Record] = field(default_factory=list)
    rivals: list[Record] = field(default_factory=list)
    sightings: list[Record] = field(default_factory=list)
    raw: list[Record] = field(default_factory=list)
    deliveries: list[Record] = field(default_factory=list)
    audit: list[Record] = field(default_factory=list)
    receipts: Sequence[Record] = ()
    authorisation: Record | None = None
    entry: Record | None = None
    rule_set: Record | None = None

    @property
    def is_match(self) -> bool:
        """Whether a watchlist was asked."""
        return bool(self.alert.get("candidate_id"))

    def wanted_sightings(self) -> list[str]:
        """Return the ids of the sightings that it rests on."""
        if not self.is_match:
            return self.triggers
        return [str(self.candidate["sighting_id"])] if self.candidate else []


def gather(find: Find, latest: Latest, alert_id: str) -> Gathered:
    """Return the records of an alert.

    Raises:
        ConfigurationError: There is no such alert, or none any more.
    """
    revisions = _of(find("alerts", [alert_id]), "alert_id", [alert_id])
    if not revisions:
        raise ConfigurationError(f"the topic alerts holds no alert {alert_id!r}, or not any more")
    revisions.sort(key=lambda one: int(one["revision"]))
    alert = revisions[-1]
    triggers = list(dict.fromkeys(one for revision in revisions for one in revision["triggers"]))
    found = Gathered(alert, revisions, triggers[:TRIGGERS], max(0, len(triggers) - TRIGGERS))
    since = min(min(int(one["started_at"]), int(one["received_at"])) for one in revisions) - SLACK
    if found.is_match:
        _match(find, latest, found, since)
    _bytes(find, found, since)
    ids = [alert_id, *([str(alert["candidate_id"])] if found.is_match else [])]
    found.deliveries = sorted(
        _of(find("deliveries", [alert_id], since), "alert_id", [alert_id]), key=lambda one: int(one["at"])
    )
    found.audit = _once(_of(find("audit-chain", ids, since), "subject", ids), "hash")
    found.receipts = find("erasures", [*ids, *_named(alert, "entry_id", "authorisation_id")])
    found.rule_set = max(
        (one for one in latest("rule-sets").values() if int(one["published_at"]) <= int(alert["issued_at"])),
        key=lambda one: int(one["number"]),
        default=None,
    )
    return found


def _match(find: Find, latest: Latest, found: Gathered, since: int) -> None:
    candidate_id = str(found.alert["candidate_id"])
    verdicts = _of(find("verdicts", [candidate_id], since), "candidate_id", [candidate_id])
    found.verdict = max(verdicts, key=lambda one: int(one["decided_at"]), default=None)
    candidates = _of(find("candidates", [candidate_id], since), "candidate_id", [candidate_id])
    decided = (found.verdict or {}).get("candidate")
    shots = [one for one in candidates if not decided or one["observation_id"] == decided["observation_id"]]
    found.candidate = shots[-1] if shots else decided  # of several shots the one that was decided on
    written = find("verifications", [candidate_id], since)
    known = _once(_of(written, "candidate_id", [candidate_id]), "verification_id")
    found.verifications = known or list((found.verdict or {}).get("verifications", ()))
    if found.candidate is not None:
        sighting_id, at = str(found.candidate["sighting_id"]), int(found.candidate["matched_at"])
        beside = _of(find("candidates", [sighting_id], since, at + LATER), "sighting_id", [sighting_id])
        others = [one for one in beside if one["candidate_id"] != candidate_id]
        found.rivals = sorted(_once(others, "candidate_id"), key=lambda one: -float(one["score"]))
    found.authorisation = latest("authorisations").get(str(found.alert.get("authorisation_id")))
    found.entry = latest("watchlist-entries").get(str(found.alert.get("entry_id")))


def _bytes(find: Find, found: Gathered, since: int) -> None:
    wanted = found.wanted_sightings()
    until = max(int(one["issued_at"]) for one in found.revisions) + LATER
    found.sightings = _once(_of(_seen(find, "sightings", wanted, since, until), "sighting_id", wanted), "sighting_id")
    hashes = [str(one["observation"]["raw_sha256"]) for one in found.sightings if one["observation"].get("raw_sha256")]
    found.raw = _once(_of(_seen(find, "raw-events", hashes, since, until), "sha256", hashes), "sha256")


def _seen(find: Find, topic: str, ids: list[str], since: int, until: int) -> list[dict[str, Any]]:
    """Return what is found within the time, or after it where there is nothing."""
    return find(topic, ids, since, until) or find(topic, ids, until, None)


def _of(records: Iterable[Record], name: str, ids: Iterable[str]) -> list[Record]:
    wanted = set(ids)
    return [record for record in records if record.get(name) in wanted]


def _once(records: Iterable[Record], name: str) -> list[Record]:
    """Return records without those that were written again, as a replay does."""
    return list({record[name]: record for record in records}.values())


def _named(record: Record, *names: str) -> list[str]:
    return [str(record[name]) for name in names if record.get(name)]
