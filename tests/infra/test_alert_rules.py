"""Every alert rule is about metrics that exist, has a runbook, and fires when it should."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairwatch.telemetry.metrics import described

INFRA = Path(__file__).parents[2] / "infra"
RULES = INFRA / "prometheus/fairwatch.rules.yaml"
TESTS = INFRA / "prometheus/fairwatch.rules.test.yaml"


def _rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def _names() -> set[str]:
    """Return every series that the code can show."""
    return {series for metric in described() for series in metric.series}


def test_rules_are_about_metrics_that_exist() -> None:
    used = {name for rule in _rules() for name in re.findall(r"fairwatch_\w+", rule["expr"])}
    assert used
    assert used <= _names()


def test_every_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    assert {rule["alert"] for rule in _rules()} == {path.stem for path in (INFRA / "runbooks").glob("*.md")}


def test_every_rule_is_tested() -> None:
    tested = {
        case["alertname"] for test in yaml.safe_load(TESTS.read_text())["tests"] for case in test["alert_rule_test"]
    }
    assert {rule["alert"] for rule in _rules()} == tested


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (Debian: apt install prometheus)")
def test_rules_fire_when_they_should() -> None:
    done = subprocess.run(["promtool", "test", "rules", str(TESTS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
