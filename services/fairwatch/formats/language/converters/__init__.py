"""Named conversions between a source's value and the canonical one; every format shares them."""

from fairwatch.formats.language.converters import (  # noqa: F401  # they register
    codes,
    geometry,
    kept,
    labels,
    measures,
    pictures,
    plates,
    readings,
    scalars,
    times,
)
from fairwatch.formats.language.converters.registry import Converter, build, converter, names

__all__ = ["Converter", "build", "converter", "names"]
