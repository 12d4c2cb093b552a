"""ONVIF scene descriptions, in XML from the metadata stream and in JSON over MQTT: one document for each object."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.bodies.trees import as_list, as_mapping, strip_marks
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.leaves import plain
from fairwatch.formats.onvif import onvif_event
from fairwatch.formats.onvif.objects import prepare_object, scene_pictures
from fairwatch.formats.onvif.writing import write_metadata
from fairwatch.formats.payload import Encoded

Tree = dict[str, Any]

_MQTT: Final = "onvif-mj/"
_MOST: Final = 5_000
_JSON_ROOTS: Final = frozenset({"Frame", "SensorData", "VideoAnalytics", "PTZStatus", "AudioDescriptor"})
_KEPT: Final = ("UtcTime", "Colorspace", "Source")
_READ: Final = frozenset(
    (*_KEPT, "Object", "ObjectTree", "Transformation", "SceneImage", "SceneImageRef", "Extension", "#text")
)
_OPERATIONS: Final = ("Rename", "Split", "Merge", "Delete")
_QUANTITIES: Final = {"Temperature": "cel", "RelativeHumidity": "%", "AbsoluteHumidity": "g/m3"}


def recognises(syntax: Syntax, tree: Any, env: Environment) -> bool:
    """Return whether a document is a metadata stream that carries more than events."""
    if type(tree) is not dict or not tree:
        return False
    if syntax == "xml":
        return _is_part(tree) or ("MetadataStream" in tree and not onvif_event.recognises(syntax, tree, env))
    if _MQTT in env.payload.path:
        return True
    return _is_part(tree) or any(name in tree and _marked(tree[name]) for name in _JSON_ROOTS)


def _is_part(tree: Tree) -> bool:
    """A frame, or its parent, cut out of the stream."""
    frame = as_mapping(tree.get("Frame", as_mapping(tree.get("VideoAnalytics")).get("Frame")))
    return type(frame.get("UtcTime")) is str


def _marked(node: Any) -> bool:
    """Attributes of ONVIF JSON are written `@name`."""
    found = as_mapping(node)
    return any(name.startswith("@") for name in found) or any(_marked(value) for value in found.values())


def prepare(root: Any, env: Environment) -> list[Tree]:
    """Return one document for each object, track change, reading and event of a stream."""
    stream = as_mapping(root)
    stream = stream["MetadataStream"] if "MetadataStream" in stream else strip_marks(stream)
    if type(stream) is not dict:
        return [{"$Kind": "empty"}]
    documents: list[Tree] = []
    for document in _walk(stream, env):
        documents.append(document)
        if len(documents) > _MOST:
            raise RejectedError("too_large", f"the stream has more than {_MOST} objects in one document")
    return documents or [{"$Kind": "empty"}]


def render(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    """Write a MetadataStream of one frame."""
    return write_metadata(root, message, record)


def _walk(stream: Tree, env: Environment) -> Iterator[Tree]:
    frames = [
        frame for part in as_list(stream.get("VideoAnalytics")) for frame in as_list(as_mapping(part).get("Frame"))
    ]
    for frame in [*frames, *as_list(stream.get("Frame"))]:
        if type(frame) is dict:
            yield from _frame(frame, env)
    for reading in as_list(stream.get("SensorData")):
        if type(reading) is dict:
            yield _reading(reading, env)
    for part in as_list(stream.get("Event")):
        yield from onvif_event.prepare({"Event": part}, env)
    if "PTZ" in stream or "PTZStatus" in stream:
        yield {"$Kind": "ptz"}
    if "AudioDescriptor" in stream or "AudioAnalytics" in stream:
        yield {"$Kind": "audio"}
    if "Extension" in stream and not frames:
        yield {"$Kind": "extension"}


def _frame(frame: Tree, env: Environment) -> Iterator[Tree]:
    kept = {name: frame[name] for name in _KEPT if frame.get(name)}
    if rest := {name: value for name, value in frame.items() if name not in _READ}:
        kept["Frame"] = rest
    count = 0
    for item in as_list(frame.get("Object")):
        if type(item) is dict:
            count += 1
            yield {"$Kind": "object", **kept, **prepare_object(item, frame, env)}
    tree = as_mapping(frame.get("ObjectTree"))
    for operation in _OPERATIONS:
        for change in as_list(tree.get(operation)):
            if type(change) is dict:
                count += 1
                yield {"$Kind": "track", **kept, **_change(operation, change, env)}
    cells = as_mapping(as_mapping(frame.get("Extension")).get("MotionInCells"))
    if cells:
        count += 1
        yield {"$Kind": "cells", **kept, "MotionInCells": cells}
    if not count:
        pictures = scene_pictures(frame, env)
        yield {"$Kind": "scene", **kept, "Pictures": pictures} if pictures else {"$Kind": "frame"}


def _change(operation: str, change: Tree, env: Environment) -> Tree:
    env.took(change, "track_change")
    if operation == "Delete":
        return {"Operation": "DELETE", "From": _ids(change)}
    before = [one for name in ("From", "from") for one in as_list(change.get(name))]
    after = [one for name in ("To", "to") for one in as_list(change.get(name))]
    return {
        "Operation": operation.upper(),
        "From": [name for one in before for name in _ids(one)],
        "To": [name for one in after for name in _ids(one)],
    }


def _ids(node: Any) -> list[str]:
    if type(node) is dict:
        return [str(node[name]) for name in ("ObjectId", "UUID") if node.get(name)][:1]
    return []


def _reading(reading: Tree, env: Environment) -> Tree:
    path = env.payload.path
    kind = plain(reading.get("Type")) or (path.rpartition("/SensorData/")[2] if "/SensorData/" in path else "")
    own = {"$Kind": "sensor", **reading, "Quantity": kind or "unknown"}
    own.pop("Type", None)
    if kind in _QUANTITIES:
        own["Unit"] = _QUANTITIES[kind]
    return own
