"""The page about chaos prints the last whole run, and nothing where there was none."""

import importlib.util
import json
import sys
from pathlib import Path

from tests.chaos.faults.fault import Happened
from tests.chaos.report import results
from tests.chaos.verdict import Verdict
from tests.support.places import SCHEMAS

TOOLS = SCHEMAS.parent / "infra" / "tools"


def tool():
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("chaos_page", TOOLS / "chaos_page.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(TOOLS))


def run(at: str, **more) -> dict:
    happened = [Happened("match killed", "SIGKILL", 2.0, 20.0, is_kill=True, works_s=4.0)]
    found = results(Verdict(), happened, {"seed": 7, "events": 100_000, "failed_faults": []})
    return {**found, "at": at, "whole": True, "failures": [], **more}


def test_the_last_whole_run_is_printed_with_why_it_failed(tmp_path: Path) -> None:
    page = tool()
    assert page.page(page.last(tmp_path)).endswith("No whole run is recorded yet.\n")
    runs = {
        "a": run("2026-01-01T00:00:00"),
        "b": run("2026-01-02T00:00:00", failures=["1 lost"]),
        "short": run("2026-01-03T00:00:00", whole=False),
        "old": {"at": "2026-01-04T00:00:00", "events": 1},
    }
    for name, content in runs.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    text = page.page(page.last(tmp_path))
    assert "2026-01-02, seed 7" in text
    assert "**failed**: 1 lost." in text
    assert "| in all | 100,000 |" in text
    assert "| match killed | 1 | 4.0 s | 20.0 s | 20.0 s |" in text
    assert "**passed**" in page.page(runs["a"])
