"""Changes the program in small ways and sees whether a test notices: `make mutants`.

Usage: python -m tests.mutants [TARGET…] [--sample N] [--seed N] [--jobs N] [--patience S] [--rows FILE] [--again FILE]
A target is a package (`policy`) or one of its modules (`policy/routing`). Of each package N mutants are drawn; 0 takes
all. `--rows` adds what came of each to a file of JSON lines; `--again` tries those alone that lived according to such a
file. `--patience` leaves the slowest tests out, so that fewer are seen to be killed.

Prints who survived and a table with the interval in which, with 95 % confidence, the share of all mutants lies; exits 1
when a package is below 90 %. Reasons why some may survive are in `survivors.yaml`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

from tests.mutants.report import reasons, told
from tests.mutants.targets import TESTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("targets", nargs="*", default=list(TESTS))
    parser.add_argument("--sample", type=int, default=150, help="mutants of each package; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--patience", type=float, default=0.0, help="seconds of tests for each mutant; 0 for all")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--again", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for package, targets in groupby(sorted(options.targets), lambda target: target.partition("/")[0]):
            out, began = Path(folder) / package, time.monotonic()
            command = [sys.executable, "-m", "tests.mutants.warm", *targets, "--out", str(out)]
            command += [f"--{name}={getattr(options, name)}" for name in ("sample", "seed", "jobs", "patience")]
            command += [f"--again={options.again.resolve()}"] if options.again else []
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
            sys.stderr.write(f"{package}: {len(found)} mutants in {time.monotonic() - began:.0f} s\n")
            rows += found
            if options.rows:
                with options.rows.open("a", encoding="utf-8") as kept:
                    kept.write(out.read_text(encoding="utf-8"))
    text, good = told(rows, reasons())
    sys.stdout.write(text + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
