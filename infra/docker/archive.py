"""An image file as `docker save` writes one, without an engine; the same folders give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

WRITABLE = {"tmp": 0o1777, "media": 0o1777}  # mount points; the root itself is read-only


def _entry(path: Path, name: str) -> tarfile.TarInfo:
    """Return a header that says nothing of who built it, and when."""
    entry = tarfile.TarInfo(name)
    if path.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
    elif path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, WRITABLE.get(name, 0o755)
    else:
        entry.size = path.stat().st_size
        entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    return entry


def layer(folder: Path, target: Path) -> str:
    """Write a folder as a layer and return its digest."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            entry = _entry(path, path.relative_to(folder).as_posix())
            if entry.isreg():
                with path.open("rb") as content:
                    tar.addfile(entry, content)
            else:
                tar.addfile(entry)
    with target.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write(target: Path, names: list[str], layers: list[tuple[Path, str]], config: dict[str, Any]) -> str:
    """Write the image of these layers under these names; return its id."""
    content = {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for _, digest in layers]},
    }
    written = json.dumps(content, sort_keys=True).encode()
    image_id = hashlib.sha256(written).hexdigest()
    manifest = [{"Config": f"{image_id}.json", "RepoTags": names, "Layers": [f"{digest}.tar" for _, digest in layers]}]
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in ((f"{image_id}.json", written), ("manifest.json", json.dumps(manifest).encode())):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
        for path, digest in layers:
            entry = _entry(path, f"{digest}.tar")
            with path.open("rb") as data_of:
                tar.addfile(entry, data_of)
    return f"sha256:{image_id}"
