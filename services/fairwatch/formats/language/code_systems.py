"""Code systems that a declaration names: a code travels with its system only if a table of that system holds it."""

import re
from typing import Final

from fairwatch.wire.kinds.tables import code_tables

_SYSTEM: Final = re.compile(r"[A-Za-z][\w-]*:[\w.-]+")  # such as `frigate:label`


def without_table(converter: str) -> list[str]:
    """Return the systems among a converter's arguments for which schemas/vocabulary has no table.

    Args:
        converter: As a declaration names it, e.g. `code hikvision:plateColor`, or a kind of `keep`.
    """
    named = [one for one in converter.split()[1:] if _SYSTEM.fullmatch(one)]
    return [system for system in named if code_tables().table(system) is None]
