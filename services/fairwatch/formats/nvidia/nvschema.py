"""The minimal schema of DeepStream writes an object as one text: `id|left|top|right|bottom|type|#|attributes …`."""

from typing import Any, Final

from fairwatch.formats.environment import Environment

_BOX: Final = ("topleftx", "toplefty", "bottomrightx", "bottomrighty")
_HEAD: Final = 6
_VEHICLE: Final = ("kind", "make", "model", "colour", "license", "state", "confidence")


def prepare(root: Any, _: Environment) -> Any:
    """Return the document with every object that is a text made a tree of names."""
    objects = root.get("objects") if type(root) is dict else None
    if type(objects) is not list or not any(type(one) is str for one in objects):
        return root
    return {**root, "objects": [_split(one) if type(one) is str else one for one in objects]}


def _split(text: str) -> dict[str, Any]:
    head, *groups = text.split("|#|")
    parts = head.split("|")
    if len(parts) < _HEAD:
        return {}
    made: dict[str, Any] = {"id": parts[0], "type": parts[5], "bbox": dict(zip(_BOX, parts[1:5], strict=True))}
    # Ages, genders, poses and embeddings of people follow in the same way; only a vehicle's are read.
    if parts[5].lower() in {"vehicle", "car"} and groups:
        made.update(zip(_VEHICLE, groups[0].split("|"), strict=False))
    elif groups and (score := groups[0].rpartition("|")[2]):
        made["confidence"] = score
    return made
