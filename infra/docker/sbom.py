"""A CycloneDX 1.6 bill of what an image holds, read from the image's own folders."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

NAMESPACE = uuid.UUID("6f1c1f0e-5f0b-5d5e-9b0e-0a3f3a6c7f11")
Component = dict[str, Any]


def python_packages(folder: Path) -> Iterator[Component]:
    """Yield the Python packages that are installed there."""
    for metadata in sorted(folder.glob("*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"), headersonly=True)
        name, version = fields["Name"].lower(), fields["Version"]
        purl = f"pkg:pypi/{name}@{version}"
        component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        if expression := fields["License-Expression"]:
            component["licenses"] = [{"expression": expression}]
        elif (named := fields["License"]) and "\n" not in named:
            component["licenses"] = [{"license": {"name": named}}]
        yield component


def debian_packages(versions: dict[str, str]) -> Iterator[Component]:
    """Yield the packages of the base."""
    for name, version in sorted(versions.items()):
        purl = f"pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def models(folder: Path) -> Iterator[Component]:
    """Yield the models."""
    for path in sorted(folder.glob("*.onnx")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{path.name}",
            "name": path.name,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }


def bill(name: str, version: str, components: list[Component]) -> dict[str, Any]:
    """Return the bill; the same contents give the same bill."""
    identity = "\n".join(component["bom-ref"] for component in components)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, identity)}",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": name, "name": name, "version": version}},
        "components": components,
    }
