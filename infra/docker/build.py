"""Build the image of all components, its bill of materials beside it: no registry and no container engine needed.

Usage: build.py [--output FOLDER] [--faces] [--base IMAGE [--python PATH]]

Without --base the base is made of Debian's packages, and the image is written as a file for `docker load` or
`ctr images import`. With --base `docker build` lays the layers on that image, whose Python 3.11 --python names.
--faces adds the layer with inference and models (`make models` makes them).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import archive
import sbom
from layers import LIBRARIES, folders
from lock import ROOT

CACHE = Path(os.environ.get("FAIRWATCH_CACHE") or Path.home() / ".cache/fairwatch") / "image"
ENVIRONMENT = {  # the Dockerfile says the same
    "PATH": "/usr/bin",
    "PYTHONPATH": f"/{LIBRARIES}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "HOME": "/tmp",  # noqa: S108  the only place to write to
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # threads of the clients would each hold memory of their own
    "FAIRWATCH_MODEL_DIR": "/models",
}
CONFIG = {
    "User": "10001:10001",
    "Entrypoint": ["fairwatch"],
    "WorkingDir": ENVIRONMENT["HOME"],
    "Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
}


def pack(output: Path, layers: list[str], tag: str) -> None:
    """Write the image as a file, and say how large its layers are."""
    written = []
    for name in layers:
        path = output / f"{name}.tar"
        written.append((path, archive.layer(output / name, path)))
        print(f"{name:<14}{path.stat().st_size / 1e6:7.1f} MB")
    image = output / f"fairwatch-{tag}.tar"
    identity = archive.write(image, [f"fairwatch:{tag}"], written, CONFIG)
    for path, _ in written:
        path.unlink()
    print(f"{image} {image.stat().st_size / 1e6:.1f} MB {identity}")


def build_on(base: str, output: Path, target: str, tag: str) -> None:
    """Lay the layers on somebody's base with the container engine."""
    dockerfile = str(Path(__file__).with_name("Dockerfile"))
    options = ["--target", target, "--build-arg", f"BASE={base}", "--tag", f"fairwatch:{tag}", "--file", dockerfile]
    subprocess.run(["docker", "build", *options, str(output)], check=True)


def main() -> int:
    """Build what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=CACHE)
    parser.add_argument("--faces", action="store_true")
    parser.add_argument("--base", default="")
    parser.add_argument("--python", default="/usr/bin/python3.11")
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        print("the image runs Python 3.11, and must be compiled by it: run this with python3.11", file=sys.stderr)
        return 78
    output = options.output.resolve()
    versions = folders(output, base=not options.base, python=options.python, faces=options.faces)
    layers = ["base", "dependencies", "app", *(["faces"] if options.faces else [])]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    tag = f"{version}-faces" if options.faces else version
    components = [
        *sbom.debian_packages(versions),
        *(part for name in layers for part in sbom.python_packages(output / name / LIBRARIES)),
        *sbom.models(output / "faces/models"),
    ]
    bill = output / f"fairwatch-{tag}.cdx.json"
    bill.write_text(json.dumps(sbom.bill("fairwatch", tag, components), indent=1) + "\n", encoding="utf-8")
    if options.base:
        build_on(options.base, output, layers[-1] if options.faces else "fairwatch", tag)
    else:
        pack(output, layers, tag)
    print(bill)
    return 0


if __name__ == "__main__":
    sys.exit(main())
