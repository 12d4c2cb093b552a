"""ONVIF geometry: any nesting of Transformation to [0,1] from the top left, and back (rules G1 and G2)."""

import math
from typing import Any, Final

from fairwatch.formats.language.converters.geometry import clamp

Tree = dict[str, Any]

_MOST_POINTS: Final = 1_000
_FARTHEST: Final = 2.0  # normalised numbers reach a little beyond the picture, never so far
_LARGEST_PICTURE: Final = 65_536
# scale x, scale y, translate x, translate y
Transform = tuple[float, float, float, float]
IDENTITY: Final[Transform] = (1.0, 1.0, 0.0, 0.0)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a number")
    return number


def compose(inner: Transform, outer: Transform) -> Transform:
    """Return the transformation that applies `inner` first."""
    sx, sy, tx, ty = inner
    ox, oy, px, py = outer
    return sx * ox, sy * oy, tx * ox + px, ty * oy + py


def transform_of(node: Any) -> Transform:
    """Return what a Transformation element says; ValueError when its numbers are impossible."""
    if type(node) is not dict:
        return IDENTITY
    scale, translate = node.get("Scale") or {}, node.get("Translate") or {}
    found = (
        _number(scale.get("x", 1)),
        _number(scale.get("y", 1)),
        _number(translate.get("x", 0)),
        _number(translate.get("y", 0)),
    )
    if found[0] == 0 or found[1] == 0:
        raise ValueError("a scale of 0")
    return found


def shape_of(node: Tree, transform: Transform) -> Tree | None:
    """Return a canonical Shape of a ShapeDescriptor; ValueError, TypeError or KeyError when it is impossible."""
    shape: Tree = {}
    box = node.get("BoundingBox")
    if type(box) is dict:
        left, top, right, bottom = (_number(box[side]) for side in ("left", "top", "right", "bottom"))
        shape["source"] = [left, top, right, bottom]
        if transform == IDENTITY and max(map(abs, shape["source"])) > _FARTHEST:
            return {**shape, "space": {"kind": "PIXEL_TOPLEFT"}}  # of a picture that the device does not describe
        (x0, y0), (x1, y1) = _place(left, top, transform), _place(right, bottom, transform)
        if (x0 != x1 or left == right) and (y0 != y1 or top == bottom):
            shape["box"] = {"x0": min(x0, x1), "y0": min(y0, y1), "x1": max(x0, x1), "y1": max(y0, y1)}
    centre = node.get("CenterOfGravity")
    if type(centre) is dict and "x" in centre:
        shape["centre"] = _point(centre, transform)
    outlines = node.get("Polygon")
    polygons = [_outline(one, transform) for one in (outlines if type(outlines) is list else [outlines])]
    if any(polygons):
        shape["polygons"] = [outline for outline in polygons if outline]
    if not shape:
        return None
    shape["space"] = _space(transform)
    return shape


def _place(x: float, y: float, transform: Transform) -> tuple[float, float]:
    sx, sy, tx, ty = transform
    return clamp((x * sx + tx + 1) / 2), clamp((1 - (y * sy + ty)) / 2)


def _point(node: Tree, transform: Transform) -> Tree:
    x, y = _place(_number(node["x"]), _number(node["y"]), transform)
    return {"x": x, "y": y}


def _outline(node: Any, transform: Transform) -> list[Tree]:
    points = node.get("Point") if type(node) is dict else None
    if type(points) is not list:
        return []
    return [_point(point, transform) for point in points[:_MOST_POINTS]]


def _space(transform: Transform) -> Tree:
    if transform == IDENTITY:
        return {"kind": "ONVIF_NORM"}
    sx, sy = transform[:2]
    space: Tree = {"kind": "PIXEL_BOTTOMLEFT" if sy > 0 else "PIXEL_TOPLEFT", "transform": list(transform)}
    width, height = round(abs(2 / sx)), round(abs(2 / sy))
    if 1 < width <= _LARGEST_PICTURE and 1 < height <= _LARGEST_PICTURE:
        space["width"], space["height"] = width, height
    return space


def frame_of(shape: Tree) -> Tree | None:
    """Return the Transformation in which a Shape's source numbers are written, or None for [-1,1]."""
    transform = (shape.get("space") or {}).get("transform")
    if not transform or not shape.get("source"):
        return None
    sx, sy, tx, ty = transform
    return {"Translate": {"@x": tx, "@y": ty}, "Scale": {"@x": sx, "@y": sy}}


def written(shape: Tree) -> Tree:
    """Return the ShapeDescriptor of a Shape, in its own numbers where it has ONVIF's, else in [-1,1]."""
    space = shape.get("space") or {}
    pixels = space.get("kind") == "PIXEL_TOPLEFT" and not shape.get("box")
    own = bool(shape.get("source")) and (space.get("kind") == "ONVIF_NORM" or bool(space.get("transform")) or pixels)
    transform = IDENTITY
    if own and space.get("transform"):
        sx, sy, tx, ty = space["transform"]
        transform = (sx, sy, tx, ty)
    box = shape.get("box")
    tree: Tree = {}
    if own:
        tree["BoundingBox"] = dict(zip(("@left", "@top", "@right", "@bottom"), shape["source"], strict=True))
    elif box:
        tree["BoundingBox"] = {
            "@left": _x(box["x0"], transform),
            "@top": _y(box["y0"], transform),
            "@right": _x(box["x1"], transform),
            "@bottom": _y(box["y1"], transform),
        }
    centre = shape.get("centre")
    if not centre and box:
        centre = {"x": (box["x0"] + box["x1"]) / 2, "y": (box["y0"] + box["y1"]) / 2}
    if centre:
        tree["CenterOfGravity"] = {"@x": _x(centre["x"], transform), "@y": _y(centre["y"], transform)}
    if polygons := shape.get("polygons"):
        tree["Polygon"] = [
            {"Point": [{"@x": _x(p["x"], transform), "@y": _y(p["y"], transform)} for p in outline]}
            for outline in polygons
        ]
    return tree


def _x(u: float, transform: Transform) -> float:
    return round((2 * u - 1 - transform[2]) / transform[0], 6)


def _y(v: float, transform: Transform) -> float:
    return round((1 - 2 * v - transform[3]) / transform[1], 6)
