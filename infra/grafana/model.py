"""Grafana's JSON, as far as these dashboards need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
HEIGHT = 8
STAT_HEIGHT = 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: What it shows.
        queries: PromQL by legend; `$where` stands for the labels that the dashboard's variables choose.
        unit: As Grafana names it.
        kind: Of panel.
        width: Of 24 columns.
        what: Said where the pointer is: what to make of it.
        limit: From here on it is red.
    """

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    what: str = ""
    limit: float | None = None

    def json(self, number: int, x: int, y: int, where: str) -> dict[str, Any]:
        """Return it as Grafana wants it, at a place."""
        steps = [{"color": "green", "value": None}]
        if self.limit is not None:
            steps.append({"color": "red", "value": self.limit})
        defaults = {"unit": self.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.what,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]}}
            if self.kind == "timeseries"
            else {"reduceOptions": {"calcs": ["lastNotNull"]}},
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": SOURCE,
                    "expr": query.replace("$where", where),
                    "legendFormat": legend,
                }
                for place, (legend, query) in enumerate(self.queries.items())
            ],
        }

    @property
    def height(self) -> int:
        """Rows that it takes."""
        return STAT_HEIGHT if self.kind == "stat" else HEIGHT


@dataclass(frozen=True)
class Dashboard:
    """One page of panels, laid out in the order of reading.

    Attributes:
        name: Of its file.
        title: Of the page.
        panels: In order.
        components: Regular expression of the components that it is about, which a person may narrow down.
    """

    name: str
    title: str
    panels: list[Panel] = field(default_factory=list)
    components: str = ".*"

    def json(self) -> dict[str, Any]:
        """Return it as Grafana wants it."""
        where = f'namespace=~"$namespace",component=~"$component",component=~"{self.components}"'
        return {
            "uid": f"fairwatch-{self.name}",
            "title": self.title,
            "tags": ["fairwatch"],
            "schemaVersion": 39,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": [_source(), _variable("namespace", ""), _variable("component", self.components)]},
            "links": [{"title": "Fairwatch", "type": "dashboards", "tags": ["fairwatch"], "keepTime": True}],
            "panels": self._laid_out(where),
        }

    def _laid_out(self, where: str) -> list[dict[str, Any]]:
        placed, x, y, row = [], 0, 0, 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > WIDTH:
                x, y, row = 0, y + row, 0
            placed.append(panel.json(number, x, y, where))
            x, row = x + panel.width, max(row, panel.height)
        return placed


def _source() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}


def _variable(label: str, matching: str) -> dict[str, Any]:
    chosen = f'{{component=~"{matching}"}}' if matching else ""
    return {
        "name": label,
        "type": "query",
        "datasource": SOURCE,
        "query": f"label_values(fairwatch_ready{chosen}, {label})",
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }
