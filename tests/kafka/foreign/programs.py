"""The foreign programs, made ready once: what they need is fetched by their own package managers into a cache."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCHEMA = HERE.parents[2] / "schemas/avro/observation.v1.avsc"
CACHE = Path(os.environ.get("FAIRWATCH_CACHE", "~/.cache/fairwatch")).expanduser() / "foreign"
FETCH_S, PUBLISH_S = 300, 60
Publish = Callable[..., str]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _run(*command: str, timeout_s: int, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_s, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, f"{' '.join(command[-6:])}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def _fresh(folder: Path, *sources: Path) -> bool:
    """Return whether the folder was made from these files as they are now; if not, make it anew with them."""
    if all((folder / s.name).exists() and (folder / s.name).read_bytes() == s.read_bytes() for s in sources):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in sources:
        shutil.copy(source, folder)
    return False


def java() -> Publish:
    """Return the Java program, ready to publish."""
    program, folder = _tool("java"), CACHE / "java"
    if not _fresh(folder, HERE / "java/pom.xml") or not (folder / "jars").exists():
        pom, jars = folder / "pom.xml", folder / "jars"
        _run(_tool("mvn"), "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
             f"-DoutputDirectory={jars}", timeout_s=FETCH_S)  # fmt: skip
    source = HERE / "java/Publish.java"
    return lambda *words: _run(
        program, "-cp", f"{folder / 'jars'}/*", str(source), *words, timeout_s=PUBLISH_S, IDEMPOTENCE="false"
    )


def javascript() -> Publish:
    """Return the JavaScript program, ready to publish."""
    program, folder, here = _tool("node"), CACHE / "javascript", HERE / "javascript"
    names = ("package.json", "package-lock.json", ".npmrc")
    if not _fresh(folder, *(here / name for name in names)) or not (folder / "node_modules").exists():
        _run(_tool("npm"), "ci", "--prefix", str(folder), "--no-audit", "--no-fund", timeout_s=FETCH_S)
    source = here / "publish.cjs"
    return lambda *words: _run(
        program, str(source), *words, timeout_s=PUBLISH_S, NODE_PATH=str(folder / "node_modules")
    )


PROGRAMS = {"java": java, "javascript": javascript}
