"""What is in the built image, and what is not; skipped where none was built (make image)."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile

import pytest

from fairwatch import __version__

PROGRAMS = {"fairwatch", "python3", "python3.11"}


def _config(image):
    with tarfile.open(image) as tar:
        [manifest] = json.load(tar.extractfile("manifest.json"))
        return json.load(tar.extractfile(manifest["Config"]))["config"]


def _run(rootfs, *arguments):
    """Run the image's Python on the image's libraries: no engine, and no root, is needed."""
    libraries = [str(rootfs / part) for part in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")]
    loader = rootfs / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    environment = {"PYTHONHOME": str(rootfs / "usr"), "PYTHONPATH": str(rootfs / "opt/fairwatch/lib"), "HOME": "/tmp"}
    return subprocess.run(
        [loader, "--library-path", ":".join(libraries), rootfs / "usr/bin/python3.11", "-P", *arguments],
        env=environment, capture_output=True, text=True, check=False, cwd=rootfs,
    )  # fmt: skip


def test_it_runs_as_nobody_in_particular(image):
    config = _config(image)
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["fairwatch"]


def test_there_is_no_shell_no_installer_and_no_compiler(rootfs):
    assert {path.name for path in (rootfs / "usr/bin").iterdir()} == PROGRAMS
    assert not [path for folder in ("bin", "sbin", "usr/sbin", "usr/local/bin") for path in rootfs.glob(f"{folder}/*")]
    installed = {path.name for path in (rootfs / "opt/fairwatch/lib").iterdir()}
    assert not installed & {"pip", "setuptools", "pytest", "uv", "mypy"}
    assert not (rootfs / "usr/lib/python3.11/ensurepip").exists()


def test_nothing_gains_rights_and_little_can_be_written(rootfs):
    files = [path for path in rootfs.rglob("*") if not path.is_symlink()]
    assert not [path for path in files if path.is_file() and path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]
    writable = {path.relative_to(rootfs).as_posix() for path in files if path.stat().st_mode & stat.S_IWOTH}
    assert writable == {"tmp", "media"}


def test_everything_is_compiled_for_a_read_only_root(rootfs):
    package = rootfs / "opt/fairwatch/lib/fairwatch"
    sources = [path for path in package.rglob("*.py") if "apps/demo" not in path.as_posix()]
    assert sources
    for path in sources:
        assert (path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc").exists(), path


def test_image_without_faces_stays_small(image):
    assert image.stat().st_size < 340e6 or "faces" in image.name


def test_bill_of_materials_names_everything_that_is_installed(image, rootfs):
    bill = json.loads(image.with_name(image.name.removesuffix(".tar") + ".cdx.json").read_text(encoding="utf-8"))
    named = {part["name"] for part in bill["components"]}
    installed = {
        path.name.split("-")[0].replace("_", "-").lower() for path in rootfs.glob("opt/fairwatch/lib/*.dist-info")
    }
    assert installed <= {name.replace("_", "-").replace(".", "-") for name in named}
    assert {"libc6", "python3.11-minimal", "libssl3"} <= named


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="the image is for x86-64")
def test_the_command_says_its_version(rootfs):
    result = _run(rootfs, rootfs / "usr/bin/fairwatch", "--version")
    assert (result.returncode, result.stdout.strip()) == (0, __version__), result.stderr


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="the image is for x86-64")
def test_every_component_can_be_imported(rootfs):
    program = (
        "import importlib, pkgutil, ssl, fairwatch.processors as p, fairwatch.edges as g, fairwatch.console as c\n"
        "for package in (p, g, c):\n"
        "    for module in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "import fairwatch.engine.worker, fairwatch.stores.media\n"
    )
    result = _run(rootfs, "-c", program)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker")
def test_docker_loads_and_runs_it(image):
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine is running")
    loaded = subprocess.run(["docker", "load", "-i", image], capture_output=True, text=True, check=True).stdout
    tag = loaded.split()[-1]
    result = subprocess.run(
        ["docker", "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none", tag, "--version"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout.strip()) == (0, __version__), result.stderr
