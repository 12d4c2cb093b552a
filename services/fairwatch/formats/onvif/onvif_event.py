"""ONVIF events over SOAP, MQTT and through a SOAP library's JSON, made one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.bodies.trees import as_list, as_mapping, strip_marks, text_of, unzeep
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.tables import table
from fairwatch.formats.onvif.items import items_of
from fairwatch.formats.onvif.objects import CLASSES, prepare_object
from fairwatch.formats.onvif.shapes import IDENTITY, shape_of
from fairwatch.formats.onvif.topics import class_of, plain
from fairwatch.formats.onvif.writing import write_event
from fairwatch.formats.payload import Encoded

Tree = dict[str, Any]

_MQTT: Final = "onvif-ej/"
_WORDS: Final = table(__file__, "words")
_MANSCDP: Final = frozenset(_WORDS["manscdp"])
_ROOTS: Final = frozenset(_WORDS["roots"])
_SUBSCRIPTION: Final[list[str]] = _WORDS["subscription"]
_STREAM: Final = frozenset(_WORDS["stream"])
_STATES: Final = frozenset(_WORDS["states"])
_LISTED: Final = {"objectid": "ObjectId", "classtypes": "ClassType"}
_QUANTITIES: Final[dict[str, str]] = _WORDS["quantities"]
_ORDERS: Final[dict[int, list[str]]] = _WORDS["orders"]
_PLATES: Final = frozenset({"platenumber", "licenseplate", "plateno", "plate"})
_MOST: Final = 2_000


def recognises(syntax: Syntax, tree: Any, env: Environment) -> bool:
    """Return whether a document carries ONVIF events, or is an answer of the event service."""
    if type(tree) is not dict:
        return False
    if syntax == "xml":
        root = next(iter(tree), "")
        inner = tree.get("MetadataStream")
        if root == "Notify" and not _MANSCDP.isdisjoint(tree[root]):  # GB/T 28181 has a root of this name too
            return False
        return root in _ROOTS or (type(inner) is dict and "Event" in inner and _STREAM.isdisjoint(inner))
    if _MQTT in env.payload.path:
        return True
    if "NotificationMessage" in tree or ("Topic" in tree and "Message" in tree):
        return True
    return type(tree.get("UtcTime")) is str and any(type(tree.get(name)) is dict for name in ("Source", "Data"))


def prepare(root: Any, env: Environment) -> list[Tree]:
    """Return one document for each notification, or one that says why there is none."""
    if type(root) is not dict:
        return [{"$Kind": "empty"}]
    if _MQTT in env.payload.path or "UtcTime" in root:
        return [_from_mqtt(strip_marks(root), env)]
    body = root.get("Envelope", root)
    body = body.get("Body", body) if type(body) is dict else {}
    notifications = list(_notifications(body, 0))
    if notifications:
        return [prepare_notification(one, env) for one in notifications[:_MOST]]
    return [{"$Kind": _why(body)}]


def render(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    """Write a Notify message, or JSON for what came over MQTT."""
    return write_event(root, message, record)


def _notifications(node: Any, depth: int) -> Iterator[Tree]:
    if type(node) is not dict or depth > 4:  # noqa: PLR2004 - Body, response, stream
        return
    if "Topic" in node and "Message" in node:
        yield node
        return
    for name in ("NotificationMessage", "PullMessagesResponse", "Notify", "MetadataStream", "Event"):
        for inner in as_list(node.get(name)):
            yield from _notifications(inner, depth + 1)


def _why(body: Any) -> str:
    names = list(body) if type(body) is dict else []
    if "Fault" in names:
        return "fault"
    if "PullMessagesResponse" in names or "Notify" in names or "MetadataStream" in names:
        return "no_messages"
    first = names[0] if names else ""
    return "subscription" if any(word in first for word in _SUBSCRIPTION) else "service"


def prepare_notification(node: Tree, env: Environment) -> Tree:
    """Return one notification: its topic, items by name, and what its elements say of an object."""
    node = unzeep(node)
    message = as_mapping(node.get("Message"))
    if "Message" in message:
        message = as_mapping(message["Message"])
    topic = "".join(text_of(node.get("Topic")).split())
    tree: Tree = {"$Kind": "event", "Topic": topic}
    for name in ("UtcTime", "PropertyOperation"):
        if message.get(name):
            tree[name] = message[name]
    if producer := text_of(as_mapping(node.get("ProducerReference")).get("Address")):
        tree["ProducerReference"] = producer
    return _complete(tree, message, env)


def _from_mqtt(root: Tree, env: Environment) -> Tree:
    path = env.payload.path
    topic = path[path.find(_MQTT) + len(_MQTT) :].partition("/&")[0] if _MQTT in path else ""
    tree: Tree = {"$Kind": "event", "Transport": "mqtt"}
    if topic:
        tree["Topic"] = topic if ":" in topic.partition("/")[0] else f"tns1:{topic}"
    if not root:
        # A zero-byte retained message says that the property is gone.
        tree["PropertyOperation"] = "Deleted"
        values = [one for one in path.partition("/&")[2].split("/") if one]
        names = _ORDERS.get(len(values)) if topic.startswith("RuleEngine/") else None
        return {**tree, "Tokens": dict(zip(names or map(str, range(len(values))), values, strict=False))}
    if root.get("UtcTime"):
        tree["UtcTime"] = root["UtcTime"]
    made = _complete(tree, root, env)
    if "Active" in made:
        made.setdefault("PropertyOperation", "Changed")
    return made


def _is_state(name: str, value: Any) -> bool:
    word = name.lower()
    if word in _STATES or type(value) is dict:
        return word in _STATES and type(value) is not dict
    return (word.startswith("is") or word == "value") and str(value).lower() in {"true", "false"}


def _complete(tree: Tree, message: Tree, env: Environment) -> Tree:
    source, key, data = (items_of(message.get(name)) for name in ("Source", "Key", "Data"))
    topic = tree.get("Topic", "")
    state = next((name for name in data if _is_state(name, data[name])), "")
    if state:
        if env.trace is not None:
            env.took({state: data[state]}, "active")
        tree["Active"] = data.pop(state)
        tree["StateItem"] = state
    if env.trace is not None:
        env.took([name for name in data if type(data[name]) is dict], "event")  # names of element items
    _objects(tree, data, class_of(topic, state), env)
    if source:
        tree["Tokens"] = source
    if not topic and "SensorID" in source:
        tree["EventType"] = "sensor.alarm" if "Threshold" in data else "sensor.reading"
        tree["Quantity"] = "unknown"
    if key:
        tree["Key"] = key
    name = plain(topic).lower()
    _measure(tree, name, data)
    _plate_item(data)
    _describe(tree, data, env)
    for ending, interpret in _SPECIAL.items():
        if name.endswith(ending):
            interpret(tree, data)
    if data:
        tree["Data"] = data
    return tree


def _body_temperature(_: Tree, data: Tree) -> None:
    """Name a person's temperature as one, so that policy knows it."""
    if "Temperature" in data:
        data["BodyTemperature"] = data.pop("Temperature")


def _recognised_face(tree: Tree, data: Tree) -> None:
    tree.setdefault("ObjectClass", "FACE")
    if "EnrollmentID" in data:
        tree["EventType"] = "face.match"
    for picture in tree.get("Pictures", ()):
        picture["role"] = "FACE" if picture["role"] == "OTHER" else picture["role"]


def _no_more_objects(tree: Tree, _: Tree) -> None:
    """An object detection without classes says that what was there has gone."""
    if "Class" not in tree and "Object" not in tree:
        tree.setdefault("Active", "false")


def _axis_plate(_: Tree, data: Tree) -> None:
    """Axis's plate application: the plate in an item, its box in pixels of a picture of unknown size."""
    for name, own in (("text", "PlateText"), ("country", "PlateCountry")):
        if data.get(name):
            data[own] = data.pop(name)


def _plate_item(data: Tree) -> None:
    """Read a plate that came as a simple item instead of LicensePlateInfo."""
    name = next((name for name in data if name.lower() in _PLATES and type(data[name]) is str), "")
    if name and "LicensePlateInfo" not in data:
        data["LicensePlateInfo"] = {"PlateNumber": data.pop(name)}


_SPECIAL: Final[dict[str, Callable[[Tree, Tree], None]]] = {
    "bodytemperaturealarm": _body_temperature,
    "recognition/face": _recognised_face,
    "objectdetection/object": _no_more_objects,
    "alpv.allplates": _axis_plate,
    "platform/lpr": _axis_plate,
}


def _objects(tree: Tree, data: Tree, guessed: str, env: Environment) -> None:
    """Read the lists of object ids and classes, whose first items are the event's object."""
    for name in [name for name in data if name.lower() in _LISTED and type(data[name]) in {str, int}]:
        if env.trace is not None:
            env.took({name: data[name]}, "object_id" if name.lower() == "objectid" else "class_code")
        words = str(data.pop(name)).split()
        if len(words) > 1:
            data[f"{_LISTED[name.lower()]}s"] = " ".join(words)
        if words and name.lower() == "objectid":
            tree["ObjectId"] = words[0]
        elif words:
            tree["Class"] = {"Type": words[0]}
            tree["ObjectClass"] = CLASSES.get(words[0].lower(), "OTHER")
    if guessed and "Class" not in tree:
        tree["Class"] = {"Type": guessed}
        tree["ObjectClass"] = CLASSES[guessed.lower()]


def _measure(tree: Tree, name: str, data: Tree) -> None:
    """Say what quantity an event's number or word is."""
    if "Class" in data and "audio" in name:
        tree["Quantity"] = "audio_class"
    elif "Value" in data or "Status" in data:
        tree["Quantity"] = next((quantity for word, quantity in _QUANTITIES.items() if word in name), "")
    if tree.get("Quantity") == "":
        del tree["Quantity"]


def _describe(tree: Tree, data: Tree, env: Environment) -> None:
    """Read the elements of an event as an object: an Object itself, a plate, a vehicle, a face's box and picture."""
    item: Tree = dict(as_mapping(as_list(data.pop("Object", None))[0])) if as_list(data.get("Object")) else {}
    appearance = dict(as_mapping(item.get("Appearance")))
    for name in ("LicensePlateInfo", "VehicleInfo", "HumanFace", "HumanBody", "GeoLocation", "BarcodeInfo"):
        if type(data.get(name)) is dict:
            appearance.setdefault(name, data.pop(name))
    for name, wanted in (("Image", "Image"), ("ImageUri", "ImageRef"), ("ImageURI", "ImageRef")):
        if data.get(name):
            appearance.setdefault(wanted, data.pop(name))
    scene = {name: data.pop(name) for name in ("SceneImage", "VehicleImage") if data.get(name)}
    frame = {"SceneImage": next(iter(scene.values()))} if scene else {}
    for name in ("SceneImageUri", "VehicleImageURI", "VehicleImageUri"):
        if data.get(name):
            frame.setdefault("SceneImageRef", data.pop(name))
    if appearance:
        item["Appearance"] = appearance
    if item or frame:
        made = prepare_object(item, frame, env)
        made.pop("EventType", None)
        if made.get("ObjectClass") == "UNKNOWN":
            del made["ObjectClass"]
        tree.update({name: value for name, value in made.items() if name not in tree})
    _box(tree, data, env)


def _box(tree: Tree, data: Tree, env: Environment) -> None:
    box = data.get("BoundingBox")
    if type(box) is dict and "Shape" not in tree:
        try:
            shape = shape_of({"BoundingBox": box}, IDENTITY)
        except (ValueError, TypeError, KeyError):
            return
        if shape:
            tree["Shape"] = shape
            env.took(box, "shape")
            del data["BoundingBox"]
