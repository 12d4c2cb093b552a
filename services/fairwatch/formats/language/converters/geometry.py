"""Boxes and outlines: normalised to [0,1] from the top left, with the source's own numbers kept."""

from typing import Any, Final

from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import INT_MAX, as_number, plain

Numbers = list[float]
Sizes = tuple[float | None, float | None]

PERMILLE: Final = 1000.0
_FARTHEST: Final = 2  # fractions of a picture reach a little beyond it
_NAMES: Final = {
    "xywh": (("x", "X"), ("y", "Y"), ("width", "Width"), ("height", "Height")),
    "xyxy": (
        ("LeftTopX", "left", "x0"),
        ("LeftTopY", "top", "y0"),
        ("RightBtmX", "right", "x1"),
        ("RightBtmY", "bottom", "y1"),
    ),
}
_CORNER: Final = (("x",), ("y",))
_FEWEST: Final = 2  # corners
_POINT: Final = (("x", "X", "positionX"), ("y", "Y", "positionY"))


def clamp(number: float) -> float:
    """Return the number within [0,1]; the source's own number is kept elsewhere."""
    return 0.0 if number < 0 else 1.0 if number > 1 else number


def _numbers(value: Any, names: tuple[tuple[str, ...], ...]) -> Numbers:
    if type(value) is list:
        if len(value) != len(names):
            raise ValueError(f"{len(names)} numbers were expected")
        return [float(item) if type(item) is int else as_number(item) for item in value]
    try:
        return [as_number(value[choices[0]]) for choices in names]
    except KeyError:
        pass
    return [as_number(next(value[name] for name in choices if name in value)) for choices in names]


def _size(value: Any) -> float | None:
    number = None if value in (None, "") else as_number(value)
    return number if number and 0 < number <= INT_MAX else None


def _kind(unit: str, numbers: Numbers, sizes: Sizes) -> str:
    if unit == "norm" and any(abs(number) > _FARTHEST for number in numbers):
        return "pixel"  # of a picture that the device does not describe
    if unit != "auto":
        return unit
    if all(-_FARTHEST <= number <= _FARTHEST for number in numbers):
        return "norm"
    if sizes[0]:
        return "pixel"
    return "permille" if all(number <= PERMILLE for number in numbers) else "pixel"


_SPACES: Final = {"norm": "NORM_TOPLEFT", "permille": "PERMILLE_TOPLEFT", "pixel": "PIXEL_TOPLEFT"}


def _scale(kind: str, sizes: Sizes) -> tuple[float, float] | None:
    if kind == "norm":
        return 1.0, 1.0
    if kind == "permille":
        return PERMILLE, PERMILLE
    width, height = sizes
    return (width, height) if width and height else None


def make_shape(numbers: Numbers, order: str, unit: str, sizes: Sizes = (None, None)) -> dict[str, Any] | None:
    """Return a Shape of four numbers; its box is absent when they are pixels of a picture of unknown size."""
    if not any(numbers):
        return None
    kind = _kind(unit, numbers, sizes)
    space: dict[str, Any] = {"kind": _SPACES[kind]}
    if sizes[0] and sizes[1]:
        space["width"], space["height"] = int(sizes[0]), int(sizes[1])
    shape: dict[str, Any] = {"source": numbers, "space": space}
    scale = _scale(kind, sizes)
    if scale:
        x0, y0, x1, y1 = numbers
        if order == "xywh":
            x1, y1 = x0 + x1, y0 + y1
        left, right = (x0, x1) if x0 <= x1 else (x1, x0)
        top, bottom = (y0, y1) if y0 <= y1 else (y1, y0)
        width, height = scale
        box = {
            "x0": clamp(left / width),
            "y0": clamp(top / height),
            "x1": clamp(right / width),
            "y1": clamp(bottom / height),
        }
        if (box["x0"] != box["x1"] or left == right) and (box["y0"] != box["y1"] or top == bottom):
            shape["box"] = box  # one that lies outside the picture would be flat in its corner
    return shape


def _says(numbers: Numbers, order: str, kind: str, sizes: Sizes, box: dict[str, float] | None) -> bool:
    """Return whether the numbers in this order are that box: they may come from a format with another order."""
    again = make_shape(numbers, order, kind, sizes) or {}
    return again.get("box") == box


def unmake_shape(shape: dict[str, Any], order: str, unit: str, sizes: Sizes = (None, None)) -> Numbers | None:
    """Return the four numbers of a Shape in the wanted order and unit, its own where they are in that unit already."""
    kind = "norm" if unit == "auto" else unit
    space = shape.get("space") or {}
    sizes = (sizes[0] or space.get("width"), sizes[1] or space.get("height"))
    own, box = shape.get("source") or [], shape.get("box")
    if unit == "auto":
        kind = next((name for name, said in _SPACES.items() if said == space.get("kind") and name != "pixel"), kind)
    if own and space.get("kind") == _SPACES[kind] and _says(own, order, kind, sizes, box):
        return list(own)
    scale = _scale(kind, sizes)
    if not box or not scale:
        return None
    corners = [box["x0"] * scale[0], box["y0"] * scale[1], box["x1"] * scale[0], box["y1"] * scale[1]]
    if order == "xywh":
        corners[2:] = [corners[2] - corners[0], corners[3] - corners[1]]
    return [plain(round(number, 6)) for number in corners]


def _named(numbers: Numbers | None, names: tuple[str, ...]) -> Any:
    return None if numbers is None else dict(zip(names, numbers, strict=True)) if names else numbers


@converter("shape")
def shape(order: str, unit: str, written: str = "") -> Converter:
    """A box as a Shape.

    Args:
        order: xywh or xyxy.
        unit: norm, permille, pixel, or auto where firmwares differ; pixels need `with: {width: …, height: …}`.
        written: The four names when it is written, comma separated; a list of four otherwise. They are read too.
    """
    names = tuple(written.split(",")) if written else ()
    read = tuple((own, *others) for own, others in zip(names, _NAMES[order], strict=True)) if names else _NAMES[order]

    def decode(value: Any, _: object, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        return make_shape(_numbers(value, read), order, unit, (_size(width), _size(height)))

    def encode(value: Any) -> Any:
        return _named(unmake_shape(value, order, unit), names)

    return Converter(decode, encode, scalar=False)


@converter("box")
def box(order: str, unit: str, written: str = "") -> Converter:
    """A box alone, for where no Shape fits; arguments as for `shape`."""
    whole = shape(order, unit, written)

    def decode(value: Any, env: Any, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        found = whole.decode(value, env, width=width, height=height)
        return found.get("box") if found else None

    def encode(value: Any) -> Any:
        return whole.encode({"box": value}) if whole.encode else None

    return Converter(decode, encode, scalar=False, exact=False)


@converter("polygons")
def polygons(unit: str = "permille") -> Converter:
    """A list of points as one outline."""

    def decode(value: Any, _: object) -> list[list[dict[str, float]]] | None:
        points = [_numbers(item, _POINT) for item in (value if isinstance(value, list) else [value])]
        scale = 1.0 if unit == "norm" or (unit == "auto" and all(max(point) <= 1 for point in points)) else PERMILLE
        return [[{"x": clamp(x / scale), "y": clamp(y / scale)} for x, y in points]] if points else None

    def encode(value: Any) -> Any:
        scale = 1.0 if unit == "norm" else PERMILLE
        return (
            [
                {"positionX": plain(round(p["x"] * scale, 6)), "positionY": plain(round(p["y"] * scale, 6))}
                for p in value[0]
            ]
            if value
            else None
        )

    return Converter(decode, encode, scalar=False)


@converter("grid")
def grid(size: str) -> Converter:
    """Two opposite corners on a grid of so many steps each way, whatever the size of the picture."""
    sizes = (float(size), float(size))

    def decode(value: Any, _: object) -> dict[str, Any] | None:
        return make_shape(_numbers(value, _NAMES["xyxy"]), "xyxy", "pixel", sizes)

    return Converter(decode, lambda value: unmake_shape(value, "xyxy", "pixel", sizes), scalar=False)


def _hull(points: Any) -> Numbers:
    """Return left, top, width and height of the box around points; a coordinate that is not said is 0."""
    named = ({"x": 0, "y": 0, **point} if type(point) is dict else point for point in points)
    pairs = [_numbers(point, _CORNER) for point in named]
    if len(pairs) < _FEWEST:
        raise ValueError("these points are no outline")
    left, top = min(x for x, _ in pairs), min(y for _, y in pairs)
    return [left, top, max(x for x, _ in pairs) - left, max(y for _, y in pairs) - top]


@converter("hull")
def hull(unit: str = "pixel") -> Converter:
    """The Shape around the corners of an outline; pixels need `with: {width: …, height: …}`."""

    def decode(value: Any, _: object, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        return make_shape(_hull(value), "xywh", unit, (_size(width), _size(height)))

    return Converter(decode, None, scalar=False, exact=False)


@converter("hull_box")
def hull_box(unit: str = "pixel") -> Converter:
    """The box alone around the corners of an outline, for where no Shape fits."""
    whole = hull(unit)

    def decode(value: Any, env: Any, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        found = whole.decode(value, env, width=width, height=height)
        return found.get("box") if found else None

    return Converter(decode, None, scalar=False, exact=False)
