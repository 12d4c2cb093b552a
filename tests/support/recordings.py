"""The recordings of the formats, which lie beside their declarations."""

from pathlib import Path

from fairwatch.formats.loading import FOLDER

SIDECARS = (".expected.json", ".payload.json")


def recordings(*formats: str) -> list[Path]:
    """Return the recordings of some formats, or of all; a recording's folder is named as its format."""
    found = [path for path in FOLDER.glob("*/recordings/*/*") if path.is_file() and not path.name.endswith(SIDECARS)]
    return sorted(path for path in found if not formats or path.parent.name in formats)


def folder_of(name: str) -> Path:
    """Return the folder of a format's recordings."""
    (found,) = FOLDER.glob(f"*/recordings/{name}")
    return found
