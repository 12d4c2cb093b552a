"""Matchers of alerts in Alertmanager's notation: device_id="cam-1", rule=~"fire.*", site_id!="harbour", zones!~"yard".

An alert may be of several devices and in several zones. A matcher speaks of all of them: an alert is not quiet for one
camera while another one goes on. Where a list was cut there may be more, so nothing is said of "all".
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from fairwatch.policy.expression import Pattern

Operator = Literal["=", "!=", "=~", "!~"]
Labels = Mapping[str, tuple[str, ...]]
LABELS: Final = frozenset(
    {
        "alert_id", "authorisation_id", "category", "device_id", "entry_id", "event_type", "group", "rule", "severity",
        "parent_id", "site_id", "zones",
    }
)  # fmt: skip
LISTS: Final = {"device_id": "device_ids", "zones": "zones", "parent_id": "parent_ids"}
CUT_AT = 100  # so long a list may have been cut
LONGEST = 300
ANYWHERE: Final = ("", "")
_FORM = re.compile(r'\s*([a-z_]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s"{},=!~][^\s"{},]*)\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    label: str
    operator: Operator
    value: str
    pattern: Pattern | None = None

    def holds(self, labels: Labels) -> bool:
        """Tell whether it holds for each value of its label; a label without values is empty, as in Alertmanager."""
        values = labels.get(self.label) or ("",)
        if len(values) >= CUT_AT:
            return False
        if self.pattern is not None:
            return all(self.pattern.fits(value) == (self.operator == "=~") for value in values)
        return all((value == self.value) == (self.operator == "=") for value in values)

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


@lru_cache(maxsize=4_096)
def matcher(text: str) -> Matcher:
    """Return what a text means.

    Raises:
        ValueError: It is no matcher, names no label of an alert, or a regular expression that is none.
    """
    found = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(f'is no matcher such as device_id="cam-1": {text[:60]!r}')
    label, operator, value = found.groups()
    if label not in LABELS:
        raise ValueError(f"names {label!r}, which no alert has; known are {', '.join(sorted(LABELS))}")
    if value.startswith('"'):
        value = json.loads(value)
    pattern = Pattern(value) if operator in ("=~", "!~") else None
    return Matcher(label, operator, value, pattern)  # type: ignore[arg-type]  # the form knows these four


def labels_of(alert: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the labels of an alert by name."""
    found = {label: alert.get(LISTS.get(label, label)) for label in LABELS}
    return {label: tuple(value) if label in LISTS else (str(value),) for label, value in found.items() if value}


def place_of(matchers: Iterable[Matcher]) -> tuple[str, str]:
    """Return a label and a value that an alert must have for all of them to hold; `ANYWHERE` where none says so."""
    same = ((one.label, one.value) for one in matchers if one.operator == "=" and one.value)
    return next(same, ANYWHERE)


def places_of(labels: Labels) -> list[tuple[str, str]]:
    """Return where what holds an alert back may be found: by each label and value, and by none."""
    return [ANYWHERE, *((label, value) for label, values in labels.items() for value in values)]


def takes_everything(matchers: tuple[Matcher, ...]) -> bool:
    """Tell whether all of them hold for an alert without any label: Alertmanager refuses these, and so do we."""
    return all(one.holds({}) for one in matchers)
