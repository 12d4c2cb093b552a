"""Run the default tests and print which lines and branches of each package they run, programs they start included.

Usage: coverage_packages.py [PYTEST ARGUMENT…]; exits 1 when a test fails or a package is below its bar.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "services/fairwatch"
BARS = {"engine": (97, 92), "apps": (90, 80)}  # percent of lines and of branches
SETTINGS = """
[run]
branch = true
source = {source}
data_file = {data}
parallel = true
sigterm = true
concurrency = thread, multiprocessing
patch = subprocess
[report]
exclude_also =
    if TYPE_CHECKING:
    ^\\s*\\.\\.\\.$
    raise NotImplementedError
"""


def run_tests(settings: Path, arguments: list[str]) -> int:
    """Run pytest under coverage in two processes, as `make test` does; return its exit code."""
    environ = os.environ | {"COVERAGE_PROCESS_START": str(settings), "PYTHONPATH": str(HOUSE.parent)}
    options = arguments or ["-q", "-n", "2", "--dist", "loadfile"]
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", *options]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def counts(data: coverage.Coverage) -> dict[str, list[int]]:
    """Return by package: lines, those run, branches, those run."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for path in sorted(HOUSE.rglob("*.py")):
        numbers = data._analyze(str(path)).numbers  # noqa: SLF001  # the public report has only texts
        package = path.relative_to(HOUSE).parts[0] if path.parent != HOUSE else "."
        ran = [numbers.n_statements, numbers.n_executed, numbers.n_branches, numbers.n_executed_branches]
        for place, number in enumerate(ran):
            found[package][place] += number
            found["all"][place] += number
    return found


def share(part: int, whole: int) -> float:
    """Return percent; all of nothing is everything."""
    return 100 * part / whole if whole else 100.0


def report(found: dict[str, list[int]]) -> bool:
    """Print the table; return whether the bars are reached."""
    print(f"{'package':<12}{'lines':>8}{'run':>8}{'branches':>10}{'run':>8}  bar")
    good = True
    for package, (lines, ran, branches, taken) in sorted(found.items(), key=lambda row: (row[0] == "all", row[0])):
        reached = share(ran, lines), share(taken, branches)
        bar = BARS.get(package)
        fits = bar is None or all(is_ >= wanted for is_, wanted in zip(reached, bar, strict=True))
        good &= fits
        said = "" if bar is None else f"{bar[0]}/{bar[1]} {'reached' if fits else 'MISSED'}"
        print(f"{package:<12}{lines:>8}{reached[0]:>7.1f}%{branches:>10}{reached[1]:>7.1f}%  {said}")
    return good


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "coveragerc"
        settings.write_text(SETTINGS.format(source=HOUSE, data=Path(folder) / "data"), encoding="utf-8")
        failed = run_tests(settings, sys.argv[1:])
        data = coverage.Coverage(config_file=str(settings))
        data.combine([folder])
        if kept := os.environ.get("COVERAGE_HTML"):
            data.html_report(directory=kept)
        good = report(counts(data))
    return 0 if good and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
