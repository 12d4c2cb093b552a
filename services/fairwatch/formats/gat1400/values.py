"""The one conversion that only GA/T 1400 needs."""

from typing import Any, Final

from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.language.converters.geometry import make_shape, unmake_shape
from fairwatch.formats.language.converters.scalars import as_number

_CORNERS: Final = ("LeftTopX", "LeftTopY", "RightBtmX", "RightBtmY")


@converter("gat_shape")
def gat_shape() -> Converter:
    """The box in pixels of the source picture; without that picture's size it stays in pixels (G3)."""

    def decode(value: Any, _: object, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        if "LeftTopX" not in value:
            return None
        try:
            numbers = [as_number(value[name]) for name in _CORNERS]
            return make_shape(numbers, "xyxy", "pixel", (_size(width), _size(height)))
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    def encode(value: Any) -> Any:
        numbers = unmake_shape(value, "xyxy", "pixel")
        return {name: round(number) for name, number in zip(_CORNERS, numbers, strict=True)} if numbers else None

    return Converter(decode, encode, scalar=False)


def _size(value: Any) -> float | None:
    try:
        number = as_number(value)
    except (ValueError, TypeError):
        return None
    return number if 0 < number < 1_000_000 else None  # noqa: PLR2004 - pixels
