"""Runs the tests of a target once, to see who runs which line, and then, forked for each mutant, those that matter.

Everything is imported and collected, and brokers run, once. A change of what runs at import cannot always be swapped
into a running program: where it cannot, or nobody noticed, the tests are run by a process of their own.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import coverage
import psutil
import pytest

from tests.mutants.choice import again, each, named, sampled
from tests.mutants.mutations import Mutant
from tests.mutants.swap import CannotSwapError, swap
from tests.mutants.targets import HOUSE, ROOT, tests

OVERLAY = Path(__file__).parent / "overlay"
ALIKE = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.mutants.profile"]
KILLED, SURVIVED, ANEW = 1, 0, 77
SPARE_S, TIMES = 15.0, 4.0
ANEW_S = 30.0
UNCHANGED_S = 900  # under coverage, beside whatever else the machine does
POLL_S = 0.01


@dataclass
class _Running:
    mutant: Mutant
    items: list[Any]
    deadline: float
    sure: bool
    anew: bool


class Warm:
    """The plugin of pytest that does it all instead of the usual loop."""

    def __init__(self, chosen: Sequence[Mutant], jobs: int, out: Path, patience_s: float = 0.0) -> None:
        self._chosen = chosen
        self._jobs = jobs
        self._patience_s = patience_s
        self._out = out.open("w", encoding="utf-8")
        self._coverage = coverage.Coverage(data_file=None, include=[str(m.path) for m in chosen])
        self._took: dict[str, float] = {}
        self._failed: set[str] = set()
        self._running: dict[int, _Running] = {}
        self._folder = tempfile.TemporaryDirectory()
        self._numbers = count()

    def start(self) -> None:
        """Note from now on which lines run; before anything of ours is imported."""
        self._coverage.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._took[report.nodeid] = self._took.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        end = SimpleNamespace(listchain=lambda: [session])
        for item, following in zip(session.items, [*session.items[1:], end], strict=True):
            self._coverage.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        self._coverage.stop()
        for nodeid in sorted(self._failed):
            say(f"fails without any change, and is left out: {nodeid}")
        self._all(session, end)
        return True

    def _all(self, session: pytest.Session, end: Any) -> None:
        data = self._coverage.get_data()
        contexts = {str(path): data.contexts_by_lineno(str(path)) for path in {m.path for m in self._chosen}}
        items = {item.nodeid: item for item in session.items if item.nodeid not in self._failed}
        for mutant in self._chosen:
            lines = contexts[str(mutant.path)]
            anew = not mutant.function
            wanted = range(1, 1 << 20) if anew else range(mutant.lines[0], mutant.lines[1] + 1)
            names = {name for line, found in lines.items() if line in wanted for name in found}
            if anew:  # who looks at a constant runs no line of it
                names |= {name for name, item in items.items() if mutant.module in _text(item.path)}
            ours = sorted((items[name] for name in names if name in items), key=lambda item: self._took[item.nodeid])
            if anew and not ours:  # only declares something: nobody runs a line of it after it was imported
                ours = sorted(items.values(), key=lambda item: self._took[item.nodeid])
            if not ours:
                self._tell(mutant, "uncovered")
                continue
            while len(self._running) >= self._jobs:
                self._wait(session, end)
            self._begin(mutant, self._quickest(ours), session, end, sure=bool(mutant.function) and "" not in names)
        while self._running:
            self._wait(session, end)

    def _quickest(self, items: list[Any]) -> list[Any]:
        """Return as many of the first as do not try our patience, one at least; who has none sees fewer killed."""
        if not self._patience_s:
            return items
        until = accumulate(self._took[item.nodeid] for item in items)
        return items[: max(1, sum(at <= self._patience_s for at in until))]

    def _begin(
        self, mutant: Mutant, items: list[Any], session: Any, end: Any, *, sure: bool, anew: bool = False
    ) -> None:
        limit = SPARE_S + TIMES * sum(self._took[item.nodeid] for item in items) + ANEW_S * anew
        number = next(self._numbers)
        environ = self._environ(mutant, number)
        if anew:
            listed = Path(environ["FAIRWATCH_MUTANT"].partition("=")[2]).with_suffix(".tests")
            listed.write_text("\n".join(item.nodeid for item in items), encoding="utf-8")
            longest = self._limit(max(items, key=lambda item: self._took[item.nodeid]))
            command = [sys.executable, "-m", "pytest", *ALIKE, f"--timeout={longest}", f"@{listed}"]
            nothing = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
            pid = os.posix_spawn(sys.executable, command, environ, file_actions=nothing)
        else:
            pid = os.fork()
            if pid == 0:
                for item in items:
                    item.add_marker(pytest.mark.timeout(self._limit(item)), append=False)
                _child(mutant, items, session, end, environ, number)
        self._running[pid] = _Running(mutant, items, time.monotonic() + limit, sure, anew)

    def _limit(self, item: Any) -> float:
        """Return how many seconds a test may take until it counts as one that hangs."""
        return SPARE_S + TIMES * self._took[item.nodeid]

    def _environ(self, mutant: Mutant, number: int) -> dict[str, str]:
        name, path = mutant.module, Path(self._folder.name) / f"{number}.py"
        path.write_text(mutant.source(), encoding="utf-8")
        found = os.pathsep.join([str(OVERLAY), str(HOUSE.parent), str(ROOT)])
        return os.environ | {"FAIRWATCH_MUTANT": f"{name}={path}", "PYTHONPATH": found}

    def _wait(self, session: Any, end: Any) -> None:
        while True:
            for pid, running in list(self._running.items()):
                done, status = os.waitpid(pid, os.WNOHANG)
                if not done and time.monotonic() < running.deadline:
                    continue
                if not done:
                    _end(pid)
                del self._running[pid]
                code = os.waitstatus_to_exitcode(status) if done else None
                if not running.anew and (code == ANEW or (code == SURVIVED and not running.sure)):
                    self._begin(running.mutant, running.items, session, end, sure=True, anew=True)
                    return
                self._tell(running.mutant, "timeout" if code is None else "killed" if code else "survived")
                return
            time.sleep(POLL_S)

    def _tell(self, mutant: Mutant, outcome: str) -> None:
        row = named(mutant) | {"outcome": outcome}
        self._out.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._out.flush()


def _child(mutant: Mutant, items: list[Any], session: Any, end: Any, environ: dict[str, str], number: int) -> None:
    code = KILLED
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.environ.update(environ)
        for name, module in list(sys.modules.items()):
            if name.endswith("tests.conftest"):
                module._numbers = count(1000 * (number + 1))  # names of topics, on a broker that all share
        swap(mutant)
        session._setupstate.teardown_exact(items[0])
        failed: list[str] = []
        session.config.pluginmanager.register(_Notes(failed))
        for item, following in zip(items, [*items[1:], end], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed:
                break
        code = KILLED if failed else SURVIVED
    except CannotSwapError:
        code = ANEW
    finally:
        os._exit(code)


class _Notes:
    def __init__(self, failed: list[str]) -> None:
        self._failed = failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _end(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(pid).children(recursive=True)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main(argv: Sequence[str]) -> int:
    """Run one package; called by `__main__`, in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", type=Path)
    parser.add_argument("--patience", type=float, default=0.0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    found = list(each(options.targets))
    chosen = again(found, options.again) if options.again else sampled(found, options.sample, options.seed)
    warm = Warm(chosen, options.jobs, options.out, options.patience)
    warm.start()
    code = pytest.main([*ALIKE[1:], f"--timeout={UNCHANGED_S}", "-s", *tests(options.targets[0])], plugins=[warm])
    # Tests that fail without any change are named and left out: no reason to throw away what the others showed.
    return 0 if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} else int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
