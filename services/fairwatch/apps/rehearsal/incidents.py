"""The incidents of a test beside those that were wanted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from fairwatch.apps.rehearsal.comparison import Line
from fairwatch.apps.rehearsal.moments import Moments
from fairwatch.apps.rehearsal.script import WantedIncident

FIELDS = ("rule", "state", "certainty", "distinct", "implausible")
NAMED: Mapping[str, str] = {"distinct": "events"}


def compare_incidents(
    wanted: Sequence[WantedIncident], records: Iterable[Mapping[str, Any]], moments: Moments
) -> list[Line]:
    """Return which incidents there are at the end of a test and which are missing, in the order of time.

    Args:
        wanted: All that should be there, in order.
        records: The newest revision of each.
        moments: Reads and writes times.
    """
    left = sorted((each for each in records if each["state"] != "MERGED"), key=lambda each: each["started_at"] or 0)
    lines: list[Line] = []
    missing: list[WantedIncident] = []
    for each in wanted:
        found = next((one for one in left if not _faults(each, one, moments)), None)
        if found is None:
            missing.append(each)
        else:
            left.remove(found)
            lines.append(_line(" ", found, moments))
    for each, record in zip(missing, left, strict=False):
        lines.append(_line("~", record, moments, "; ".join(_faults(each, record, moments))))
    lines += [_missing(each, moments) for each in missing[len(left) :]]
    lines += [_line("+", record, moments, "is there, not wanted") for record in left[len(missing) :]]
    return sorted(lines, key=lambda line: line.at)


def _missing(wanted: WantedIncident, moments: Moments) -> Line:
    at = moments.read(wanted.started) if wanted.started else 0
    return Line("-", at, "an incident was wanted, and is not there")


def _faults(wanted: WantedIncident, record: Mapping[str, Any], moments: Moments) -> list[str]:
    asked = {name: getattr(wanted, NAMED.get(name, name)) for name in FIELDS}
    wrong = [
        f"{NAMED.get(name, name)} is {record[name]!r}, not {value!r}"
        for name, value in asked.items()
        if value is not None and record[name] != value
    ]
    if wanted.started is not None and record["started_at"] != moments.read(wanted.started):
        wrong.append(f"started_at is {moments.write(record['started_at'] or 0)}, not {wanted.started}")
    if wanted.roles is not None and (roles := _roles(record)) != dict(wanted.roles):
        wrong.append(f"roles are {roles}, not {dict(wanted.roles)}")
    return wrong


def _roles(record: Mapping[str, Any]) -> dict[str, int]:
    return dict(Counter(member["role"] for member in record["members"]))


def _line(mark: Literal[" ", "-", "+", "~"], record: Mapping[str, Any], moments: Moments, why: str = "") -> Line:
    at = record["started_at"] or 0
    roles = ", ".join(f"{number} {role.lower()}" for role, number in _roles(record).items())
    text = f"{moments.write(at)}  (incident)       {record['state']:<9} {record['rule']}: {roles}"
    return Line(mark, at, f"{text}   {why}".rstrip())
