"""The house keeps its measures: sizes, docstrings, names."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "services" / "fairwatch"
GENERATED = {PACKAGE / "domain" / "records.py"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path not in GENERATED)
BANNED = {"utils", "helpers", "common", "misc", "manager", "base"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_is_small_documented_and_well_named(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem not in BANNED
    assert len(text.splitlines()) <= 400
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says in one sentence what it holds"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = sum(isinstance(child, ast.stmt) for child in ast.walk(node)) - 1
            assert statements <= 40, f"{node.name} has {statements} statements"


def test_median_file_is_about_one_screen():
    files = [path for path in MODULES if path.name != "__init__.py"]
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert lengths[len(lengths) // 2] <= 130


def test_no_file_names_a_registry_host():
    hosts = ("pypi." + "org", "pythonhosted" + ".org", "registry.npmjs" + ".org")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    files = [ROOT / name.decode() for name in tracked.split(b"\0") if name]
    for path in files:
        if path.is_file() and path.stat().st_size < 2_000_000:
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not any(host in text for host in hosts), path
