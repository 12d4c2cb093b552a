"""The folders of the image's layers: base, dependencies, our own package, and faces."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import archive
import lock
import rootfs

LIBRARIES = "opt/fairwatch/lib"
UNUSED = (
    "onnx/backend",  # its conformance tests
    *("**/tests", "**/__pycache__", "**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.c", "**/*.h", "**/include", "bin"),
    *("numpy/distutils", "numpy/f2py", "**/*.a", "**/*.po", "**/*.pot", "**/*.pxi"),  # for who builds or translates
    *("pygments/lexers/[!_ps]*", "pygments/lexers/p[!y]*", "pygments/lexers/s[!p]*", "pygments/lexers/_*builtins*"),
    *("lxml/html", "lxml/isoschematron"),
    *("pillow.libs/libavif*", "PIL/_avif*"),  # no picture is read as AVIF
    "cel_expr_python/ext",  # further functions for expressions: rules have none of them
)
WITH_SYMBOLS = ("uvloop/*.so", "fastavro/*.so", "aiohttp/*.so", "yaml/*.so")  # patched ones break when stripped
RECEIPTS = (".lock", *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")))


def compiled(folder: Path, root: Path) -> None:
    """Compile by content: times differ from build to build, and a read-only root cannot be compiled later."""
    by_content = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, stripdir=str(root), prependdir="/", invalidation_mode=by_content)


def install(locked: str, folder: Path, work: Path) -> None:
    """Put the locked wheels into a folder, as they are for the image's Python whatever runs here."""
    requirements = work / "requirements.txt"
    requirements.write_text(locked, encoding="utf-8")
    command = ["uv", "pip", "install", "--quiet", "--python-platform", "x86_64-manylinux_2_28", "--link-mode", "copy"]
    if not shutil.which("uv"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        command += [f"--platform=manylinux{tag}_x86_64" for tag in ("_2_28", "_2_27", "_2_17", "2014")]
    command += ["--python-version", "3.11", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--target", folder, "-r", requirements], check=True)


def tidy(root: Path) -> None:
    """Take away what does not run, and what says how it was installed; compile the rest."""
    libraries = root / LIBRARIES
    for pattern in (*UNUSED, *RECEIPTS):
        for path in sorted(libraries.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    strip([path for pattern in WITH_SYMBOLS for path in sorted(libraries.glob(pattern))])
    compiled(libraries, root)


def strip(programs: list[Path]) -> None:
    """Take away what only a debugger reads, which some wheels bring."""
    if programs and shutil.which("strip"):
        subprocess.run(["strip", "--strip-debug", *programs], check=True)
    elif programs:
        sys.stderr.write("the image keeps symbols for debuggers, 30 MB: install strip (apt-get install binutils)\n")


def application(folder: Path, python: str, work: Path) -> None:
    """Lay out our own package, as its wheel has it, and the command."""
    source = work / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(lock.ROOT / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "recordings")
    shutil.copytree(lock.ROOT / "services", source / "services", ignore=ignored)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*wheel, "--disable-pip-version-check", "-w", work, source], check=True)
    shutil.unpack_archive(next(work.glob("fairwatch-*.whl")), folder / LIBRARIES, "zip")
    command = folder / "usr/bin/fairwatch"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!{python} -P\nfrom fairwatch.cli.main import main\n\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    for name in (*archive.WRITABLE, "config"):
        (folder / name).mkdir()


def folders(output: Path, *, base: bool, python: str, faces: bool) -> dict[str, str]:
    """Write the folders of all layers below `output`; return the versions of the base's packages."""
    work = output / "work"
    shutil.rmtree(output, ignore_errors=True)
    work.mkdir(parents=True)
    for name in ("base", "dependencies", "app", "faces"):
        (output / name).mkdir()
    versions = {}
    if base:
        versions = rootfs.fetch(work / "debs")
        rootfs.build(work / "debs", output / "base")
        compiled(output / "base/usr/lib/python3.11", output / "base")
    common, inference = lock.split()
    install(common, output / "dependencies" / LIBRARIES, work)
    application(output / "app", python, work)
    if faces:
        install(inference, output / "faces" / LIBRARIES, work)
        shutil.copytree(lock.ROOT / ".models", output / "faces/models", ignore=lambda _, names: _but_models(names))
    for name in ("dependencies", "app", *(["faces"] if faces else [])):
        tidy(output / name)
    shutil.rmtree(work)
    return versions


def _but_models(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".onnx")]
