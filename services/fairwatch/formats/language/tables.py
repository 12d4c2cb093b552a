"""Tables of a family, as data: `tables/<name>.yaml` beside its code."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def table(module: str, name: str) -> dict[str, Any]:
    """Return a table.

    Args:
        module: `__file__` of the code that reads it.
        name: Of the file.
    """
    path = Path(module).parent / "tables" / f"{name}.yaml"
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  # a safe one
    return found
