"""The Grafana dashboards: as generated, about metrics that exist, in PromQL that parses, laid out without overlap."""

import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from fairwatch.apps.catalogue import components
from fairwatch.telemetry.metrics import described

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "helm/fairwatch/files/dashboards").glob("*.json"))
DASHBOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def _queries():
    return [target["expr"] for page in DASHBOARDS.values() for panel in page["panels"] for target in panel["targets"]]


def test_generated_files_are_up_to_date():
    done = subprocess.run(
        [sys.executable, "infra/grafana/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_there_is_a_page_for_each_question():
    assert set(DASHBOARDS) == {"overview", "pipeline", "devices", "governance"}
    assert len({page["uid"] for page in DASHBOARDS.values()}) == 4


def test_every_panel_is_about_metrics_that_exist_and_every_metric_of_ours_has_a_panel():
    used = {name for query in _queries() for name in re.findall(r"\b(?:fairwatch|process)_\w+", query)}
    assert used <= {series for metric in described() for series in metric.series}
    unseen = [
        metric.name for metric in described() if metric.name.startswith("fairwatch_") and not used & set(metric.series)
    ]
    assert unseen == []


def test_components_that_are_named_exist():
    named = {
        name
        for query in _queries()
        for found in re.findall(r'component=~?"([a-z|-]+)"', query)
        for name in found.split("|")
    }
    assert named <= set(components())


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_do_not_overlap(name):
    places = [panel["gridPos"] for panel in DASHBOARDS[name]["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or below


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (Debian: apt install prometheus)")
def test_queries_are_promql(tmp_path):
    filled = [re.sub(r"\$\w+", lambda found: "5m" if "interval" in found[0] else ".*", query) for query in _queries()]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(filled)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
