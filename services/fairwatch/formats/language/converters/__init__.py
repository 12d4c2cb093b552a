"""Named conversions between a source's value and the canonical one; every format shares them."""

from fairwatch.formats.language.converters import codes, geometry, measures, pictures, plates, scalars, times  # noqa: F401  # they register
from fairwatch.formats.language.converters.registry import Converter, build, converter, names

__all__ = ["Converter", "build", "converter", "names"]
