"""A base for the image from Debian's packages: the C library, Python 3.11 and certificates; no shell, no installer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGES = (
    "libc6", "libgcc-s1", "libstdc++6", "zlib1g",
    "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib",
    "libssl3", "libffi8", "libexpat1", "libbz2-1.0", "liblzma5", "libuuid1",
    "ca-certificates",
)  # fmt: skip
LEFT_OUT = (  # of what those packages bring, what nothing here runs
    "usr/share/doc-base", "usr/share/man", "usr/share/lintian", "usr/share/binfmts", "usr/share/applications",
    "usr/share/pixmaps", "usr/share/gcc", "usr/share/gdb", "usr/sbin", "sbin", "etc/ca-certificates",
    "usr/lib/valgrind", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/audit",
    *(f"usr/lib/python3.11/{name}" for name in (
        "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "test", "pydoc_data", "distutils", "venv",
    )),
)  # fmt: skip
# apt-get fetches as a user of its own, who may not enter the folder of ours
DOWNLOAD = ["apt-get", "download", "-q", *(["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else [])]
USERS = "root:x:0:0:root:/:/nologin\nfairwatch:x:10001:10001:fairwatch:/tmp:/nologin\n"
GROUPS = "root:x:0:\nfairwatch:x:10001:\n"


def fetch(folder: Path, names: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Download Debian's packages and return the version of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.deb"):
        old.unlink()
    subprocess.run([*DOWNLOAD, *names], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    versions = {}
    for package in sorted(folder.glob("*.deb")):
        fields = subprocess.run(
            ["dpkg-deb", "--showformat=${Package} ${Version}", "--show", package],
            check=True, capture_output=True, text=True,
        ).stdout.split()  # fmt: skip
        versions[fields[0]] = fields[1]
    return versions


def lay(packages: Path, root: Path) -> None:
    """Lay the packages into a folder."""
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)


def build(packages: Path, root: Path) -> None:
    """Make the base of our image: the packages, less what an image has no use for."""
    lay(packages, root)
    _certificates(root)
    for name in LEFT_OUT:
        shutil.rmtree(root / name, ignore_errors=True)
    for pattern in ("usr/share/doc/*/[!c]*", "usr/share/doc/*/c[!o]*"):  # licences are named `copyright`
        for path in root.glob(pattern):
            path.unlink() if not path.is_dir() or path.is_symlink() else shutil.rmtree(path)
    for program in (root / "usr/bin").iterdir():
        if program.name != "python3.11":
            program.unlink()
    (root / "usr/bin/python3").symlink_to("python3.11")
    name_users(root)


def name_users(root: Path) -> None:
    """Write who is who, and where names are looked up."""
    (root / "etc").mkdir(exist_ok=True)
    for name, content in (("passwd", USERS), ("group", GROUPS), ("nsswitch.conf", "hosts: files dns\n")):
        (root / "etc" / name).write_text(content, encoding="utf-8")


def _certificates(root: Path) -> None:
    """Join the authorities as `update-ca-certificates` would."""
    authorities = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(path.read_text(encoding="utf-8") for path in authorities), encoding="utf-8")
    shutil.rmtree(root / "usr/share/ca-certificates")
