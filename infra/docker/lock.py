"""The part of requirements.lock that runs in the image: no demo, no tests, and inference apart from everything else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FACES = frozenset({"onnx", "onnxruntime"})  # only `match` with faces needs them, and they are a third of everything


def blocks(lock: str) -> dict[str, str]:
    """Return the lines of each locked package by its name; there may be a version for each Python."""
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
        name = re.split(r"[=\[]", block, maxsplit=1)[0]
        found[name] = f"{found[name]}\n{block}" if name in found else block
    return found


def requirers(block: str) -> set[str]:
    """Return who asks for a package, as the lock's `# via` says."""
    return set(re.findall(r"^ +# +(?:via )?([a-z0-9._-]+)$", block, re.MULTILINE)) - {"via"}


def closure(wanted: set[str], locked: dict[str, str]) -> set[str]:
    """Return these packages and all that they ask for."""
    found = wanted & set(locked)
    while more := {name for name, block in locked.items() if name not in found and requirers(block) & found}:
        found |= more
    return found


def split(root: Path = ROOT) -> tuple[str, ...]:
    """Return the locks of what every component needs, and of what comparing faces needs beyond it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project.get("optional-dependencies", {}).get("traces", ())]
    direct = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in wanted}
    locked = blocks((root / "requirements.lock").read_text(encoding="utf-8"))
    common = closure(direct - FACES, locked)
    faces = closure(set(FACES), locked) - common
    return tuple("".join(f"{locked[name]}\n" for name in sorted(names)) for names in (common, faces))
