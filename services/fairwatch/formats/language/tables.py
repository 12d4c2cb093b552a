"""Tables of a family, as data: `tables/<name>.yaml` beside its code."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FORMATS = Path(__file__).resolve().parents[1]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table(module: str, name: str) -> dict[str, Any]:
    """Return a table.

    Args:
        module: `__file__` of the code that reads it.
        name: Of the file.
    """
    return family_table(f"{Path(module).parent.name}/{name}")


@cache
def family_table(place: str) -> dict[str, Any]:
    """Return a table by family and name: `gat1400/codes`."""
    family, _, name = place.partition("/")
    path = FORMATS / family / "tables" / f"{name}.yaml"
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  # a safe one
    return found
