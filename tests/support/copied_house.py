"""A copy of the program with one file and one entry more, and what is derived of it there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.places import ROOT

FOLDERS = ("services/fairwatch", "schemas", "helm", "infra/helm", "infra/grafana", "infra/tools", "infra/prometheus")
GENERATORS = ("infra/helm/generate.py", "infra/grafana/generate.py", "infra/tools/wire_page.py")
ASK = """
import json, runpy, sys
from pathlib import Path
for generator in sys.argv[2:]:
    sys.path.insert(0, str(Path(generator).parent))
    sys.argv[1:] = []
    try:
        runpy.run_path(generator, run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, generator
"""


def copy_house(folder: Path) -> None:
    """Copy the program and what is generated of it; recordings of devices stay where they are."""
    unneeded = shutil.ignore_patterns("recordings", "__pycache__", "examples")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=unneeded)
    (folder / "infra/docs").mkdir()


def add_entry(folder: Path, entry: str) -> None:
    """Add an entry to the copy's parts.py, before the console."""
    path = folder / "services/fairwatch/parts.py"
    before, console, after = path.read_text(encoding="utf-8").partition('    Part(\n        name="console",')
    path.write_text(before + entry + console + after, encoding="utf-8")


def ask(folder: Path, question: str) -> Any:
    """Generate everything in the copy, then return what a program that prints JSON says there."""
    generate = ASK.replace("sys.argv[2:]", repr(GENERATORS))
    done = subprocess.run(
        [sys.executable, "-c", generate + question],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "services"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
