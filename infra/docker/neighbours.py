"""Image files of the neighbours that the cluster's tests need, Apache Kafka and Redis; no registry, no engine.

Usage: neighbours.py [--output FOLDER]

From Debian's packages and Maven's, for tests only. There is no shell in them: a container that runs before the
broker's formats its storage (`kafka.tools.StorageTool`). What exists already is not built again. Needs mvn and jlink.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import archive
import rootfs
from build import CACHE

LIBC = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g")
REDIS = (
    *LIBC, "redis-server", "redis-tools",
    "libjemalloc2", "liblua5.1-0", "liblzf1", "libsystemd0", "libssl3", "libhiredis0.14",
    "libatomic1", "lua-bitop", "lua-cjson", "libcap2", "libgcrypt20", "liblzma5", "libzstd1", "liblz4-1",
    "libgpg-error0",
)  # fmt: skip
JAVA = (
    "java.base,java.logging,java.management,java.naming,java.net.http,java.rmi,java.scripting,java.security.jgss,"
    "java.security.sasl,java.sql,java.xml,java.desktop,jdk.unsupported,jdk.management,jdk.crypto.ec,jdk.net,jdk.zipfs"
)
USER = "10001:10001"


def kafka(root: Path, work: Path) -> dict[str, Any]:
    """Lay out Apache Kafka on a Java of just the modules that it uses."""
    rootfs.fetch(work / "debs", LIBC)
    rootfs.lay(work / "debs", root)
    shutil.copy(Path(__file__).with_name("pom.xml"), work)
    copy = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    subprocess.run([*copy, f"-DoutputDirectory={root}/opt/kafka/libs"], cwd=work, check=True)
    small = ["--no-header-files", "--no-man-pages", "--strip-java-debug-attributes"]
    subprocess.run(["jlink", "--output", root / "opt/java", *small, "--add-modules", JAVA], check=True)
    path = "PATH=/opt/java/bin"
    return {"User": USER, "Entrypoint": ["java", "-cp", "/opt/kafka/libs/*"], "Env": [path]}


def redis(root: Path, work: Path) -> dict[str, Any]:
    """Lay out Debian's Redis."""
    rootfs.fetch(work / "debs", REDIS)
    rootfs.lay(work / "debs", root)
    return {
        "User": USER,
        "Entrypoint": ["redis-server", "--save", "", "--protected-mode", "no"],
        "Env": ["PATH=/usr/bin"],
    }


def main() -> int:
    """Build what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=CACHE.with_name("neighbours"))
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    for name, lay in {"kafka": kafka, "redis": redis}.items():
        image = output / f"{name}.tar"
        if not image.exists():
            with tempfile.TemporaryDirectory() as folder:
                root, work = Path(folder, "root"), Path(folder, "work")
                (root / "tmp").mkdir(parents=True)
                work.mkdir()
                config = lay(root, work)
                shutil.rmtree(root / "usr/share/doc", ignore_errors=True)
                rootfs.name_users(root)
                layer = Path(folder, "layer.tar")
                whole = image.with_suffix(".part")
                archive.write(whole, [f"localhost/{name}:1"], [(layer, archive.layer(root, layer))], config)
                whole.rename(image)
        print(f"{image} {image.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
