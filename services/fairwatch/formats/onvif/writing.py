"""Writes ONVIF: Notify messages, JSON events for MQTT and metadata streams."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from fairwatch.formats.bodies.trees import as_mapping
from fairwatch.formats.language.declaration import Writing
from fairwatch.formats.language.tables import table
from fairwatch.formats.language.xml_text import write_xml
from fairwatch.formats.onvif.shapes import frame_of, written
from fairwatch.formats.onvif.topics import GENERIC, WRITTEN
from fairwatch.formats.payload import Encoded

Tree = dict[str, Any]

SOAP: Final = "application/soap+xml; charset=utf-8"
_TABLE: Final = table(__file__, "writing")
_PARTS: Final[dict[str, str]] = _TABLE["parts"]
_COMMON: Final = frozenset(_TABLE["common"])
_ENVELOPE: Final = Writing.model_validate(_TABLE["envelope"])
_STREAM: Final = Writing.model_validate(_TABLE["stream"])
_CLASS_WORDS: Final[dict[str, str]] = table(__file__, "words")["class_words"]
_ATTRIBUTES: Final = frozenset(_TABLE["attributes"])
_LIFECYCLES: Final[dict[str, str]] = _TABLE["lifecycles"]


def _time(root: Tree, record: Mapping[str, Any]) -> str:
    if root.get("UtcTime"):
        return str(root["UtcTime"])
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=record.get("occurred_at") or 0)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_event(root: Tree, _: str, record: Mapping[str, Any]) -> Encoded:
    """Write one event as Notify, or as JSON when it came over MQTT."""
    topic, state, is_property = WRITTEN.get(record.get("event_type", ""), GENERIC)
    own = root.get("Transport") == "mqtt" or (record.get("source") or {}).get("format") == "onvif-event"
    topic = root.get("Topic") or ("" if own else f"tns1:{topic}")
    source = _source(root, record)
    data: Tree = dict(as_mapping(root.get("Data")))
    if "Active" in root and (root.get("StateItem") or state or is_property):
        data[root.get("StateItem") or state or "State"] = root["Active"]
    operation = root.get("PropertyOperation")
    operation = (operation if operation in _LIFECYCLES.values() else None) or (
        _LIFECYCLES.get(record.get("lifecycle", "")) if is_property else None
    )
    elements = _elements(root, record, data)
    if root.get("Transport") == "mqtt":
        return _mqtt(root, record, topic, source, {**data, **elements})
    message: Tree = {"@UtcTime": _time(root, record)}
    if operation:
        message["@PropertyOperation"] = operation
    for name, items in (("Source", source), ("Key", as_mapping(root.get("Key")))):
        if items:
            message[name] = _item_list(items)
    message["Data"] = _item_list({**data, **elements})
    notification: Tree = {
        "Topic": {"@Dialect": _TABLE["dialect"], "#text": topic},
        "OuterMessage": {"Message": message},
    }
    if type(producer := root.get("ProducerReference")) is str:
        notification = {"Topic": notification["Topic"], "ProducerReference": {"Address": producer}, **notification}
    body = {"Header": {"Action": _TABLE["action"]}, "Body": {"Notify": {"NotificationMessage": notification}}}
    # The outer Message is of another namespace than the inner one of the same name.
    return Encoded(write_xml(body, _ENVELOPE).replace(b"wsnt:OuterMessage", b"wsnt:Message"), SOAP)


def _source(root: Tree, record: Mapping[str, Any]) -> Tree:
    tokens = (record.get("source") or {}).get("tokens") or {}
    if str((record.get("source") or {}).get("format", "")).startswith("onvif") and tokens:
        return dict(tokens)
    return {
        name: value
        for name, value in as_mapping(root.get("Tokens")).items()
        if name in {"VideoSource", "Rule", "AnalyticsConfiguration"}
    }


def _item_list(items: Mapping[str, Any]) -> Tree:
    """Return an item list: simple items, and element items for what is a tree."""
    tree: Tree = {"SimpleItem": [], "ElementItem": []}
    for name, value in items.items():
        for one in value if type(value) is list else [value]:
            if type(one) is dict:
                tree["ElementItem"].append({"@Name": name, name: one})
            elif type(one) is not list:
                tree["SimpleItem"].append({"@Name": name, "@Value": one})
    return tree


def _elements(root: Tree, record: Mapping[str, Any], data: Tree) -> Tree:
    """Put what was read as an object back into the items that rule events use."""
    elements: Tree = {}
    item = as_mapping(root.get("Object"))
    appearance = dict(as_mapping(item.get("Appearance")))
    _mark_vehicle(appearance, root, record)
    for name in ("LicensePlateInfo", "VehicleInfo"):
        if found := _with_attributes(appearance.get(name)):
            elements[name] = found[0] if type(found) is list else found
    if speed := as_mapping(item.get("Behaviour")).get("Speed"):
        data["Speed"] = speed
    _name_objects(root, record, data)
    if root.get("Shape") and (box := written(root["Shape"]).get("BoundingBox")) and not frame_of(root["Shape"]):
        elements["BoundingBox"] = box
    for one in record.get("media") or ():
        if one.get("uri") and not one["uri"].startswith("fw-media:"):
            data.setdefault("ImageUri", one["uri"])
    return elements


def _name_objects(root: Tree, record: Mapping[str, Any], data: Tree) -> None:
    object_id = as_mapping(root.get("Object")).get("ObjectId") or root.get("ObjectId")
    if object_id and "ObjectIds" not in data:
        data["ObjectId"] = object_id
    elif "ObjectIds" in data:
        data["ObjectId"] = data.pop("ObjectIds")
    own_format = str((record.get("source") or {}).get("format", "")).startswith("onvif")
    word = data.pop("ClassTypes", None) or as_mapping(root.get("Class")).get("Type")
    if not word and not own_format:
        word = _CLASS_WORDS.get(record.get("object_class", ""))
    if word and not str(root.get("StateItem", "")).startswith("Is"):
        data["ClassTypes"] = word


def _mqtt(root: Tree, record: Mapping[str, Any], topic: str, source: Tree, data: Tree) -> Encoded:
    tree: Tree = {"UtcTime": _time(root, record)}
    for name, items in (("Source", source), ("Key", root.get("Key")), ("Data", data)):
        if items:
            tree[name] = items
    suffix = "/&" + "/".join(str(value) for value in source.values()) if source else ""
    if not topic:
        return Encoded(orjson.dumps(tree), "application/json")
    path = f"onvif-ej/{topic.removeprefix('tns1:')}{suffix}".replace("#", "").replace("+", "")
    return Encoded(b"" if record.get("lifecycle") == "END" else orjson.dumps(tree), "application/json", path)


def write_metadata(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    """Write a stream of one frame with one object, or one event."""
    if message == "event":
        return write_event(root, message, record)
    if message == "sensor":
        reading = {"@UtcTime": _time(root, record), "@SensorID": root.get("SensorID", "")}
        reading |= {"Type": root.get("Quantity", ""), "Value": root.get("Value", "")}
        return Encoded(_prefixed(write_xml({"SensorData": reading}, _STREAM)), "application/xml")
    frame: Tree = {"@UtcTime": _time(root, record)}
    for name in ("Source", "Colorspace"):
        if root.get(name):
            frame[f"@{name}"] = root[name]
    shape = root.get("Shape")
    if shape and (transformation := frame_of(shape)):
        frame["Transformation"] = transformation
    if message == "track":
        frame["ObjectTree"] = _track(record["track_change"])
        return Encoded(_prefixed(write_xml({"VideoAnalytics": {"Frame": frame}}, _STREAM)), "application/xml")
    frame["Object"] = _object(root, record)
    scene = next((one for one in record.get("media") or () if one.get("role") == "SCENE"), None)
    if scene and not scene["uri"].startswith("fw-media:"):
        frame["SceneImageRef"] = scene["uri"]
    tree = {"VideoAnalytics": {"Frame": frame}}
    return Encoded(_prefixed(write_xml(tree, _STREAM)), "application/xml")


def _track(change: Mapping[str, Any]) -> Tree:
    before = [{"@ObjectId": one} for one in change.get("from_ids") or ()]
    after = [{"@ObjectId": one} for one in change.get("to_ids") or ()]
    if change["operation"] == "DELETE":
        return {"Delete": before}
    return {str(change["operation"]).capitalize(): {"From": before, "To": after}}


def _object(root: Tree, record: Mapping[str, Any]) -> Tree:
    own = dict(as_mapping(root.get("Object")))
    appearance = _appearance(root, dict(as_mapping(own.pop("Appearance", None))), record)
    names = [name for name in ("ObjectId", "UUID", "Parent", "ParentUUID") if type(own.get(name)) in {str, int}]
    node: Tree = {f"@{name}": own.pop(name) for name in names}
    if appearance:
        node["Appearance"] = appearance
    behaviour = _behaviour(dict(as_mapping(own.pop("Behaviour", None))), record)
    if behaviour:
        node["Behaviour"] = behaviour
    return {**_with_attributes(own), **node}


def _appearance(root: Tree, own: Tree, record: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    if root.get("Shape"):
        tree["Shape"] = written(root["Shape"])
    if colours := _colour(record.get("colours") or []):
        tree["Color"] = colours
    if found := _class(root, own.pop("Class", None), record):
        tree["Class"] = {"Type": found}
    if geo := as_mapping(own.get("GeoLocation")):
        tree["GeoLocation"] = _attributes(geo)
    _mark_person(own)
    _mark_vehicle(own, root, record)
    picture = next((one for one in record.get("media") or () if one.get("role") != "SCENE"), None)
    if picture and not picture["uri"].startswith("fw-media:"):
        own["ImageRef"] = picture["uri"]
    return {**_with_attributes(own), **tree}


def _attributes(node: Tree) -> Tree:
    return {f"@{name}": value for name, value in node.items() if type(value) not in {dict, list}}


def _with_attributes(node: Any) -> Any:
    """Write as attributes what the schema has as attributes, wherever an unknown field brought it back."""
    if type(node) is list:
        return [_with_attributes(item) for item in node]
    if type(node) is not dict:
        return node
    return {
        f"@{name}" if name in _ATTRIBUTES and type(value) not in {dict, list} else name: _with_attributes(value)
        for name, value in node.items()
    }


def _class(root: Tree, others: Any, record: Mapping[str, Any]) -> Any:
    own = as_mapping(root.get("Class"))
    word = own.get("Type")
    own_format = (record.get("source") or {}).get("format") == "onvif-metadata"
    if not word and (not own_format or (record.get("object_class") == "PLATE" and not record.get("plates"))):
        word = _CLASS_WORDS.get(record.get("object_class", ""))
    found = {"@Likelihood": own["Likelihood"], "#text": word} if word and "Likelihood" in own else word
    rest = others.get("Type") if type(others) is dict else None
    return [found, *(rest if type(rest) is list else [rest])] if found and rest else found


def _mark_person(own: Tree) -> None:
    pose = as_mapping(as_mapping(own.get("HumanFace")).get("PoseAngle"))
    if angles := as_mapping(pose.get("PoseAngles")):
        own["HumanFace"] = {**own["HumanFace"], "PoseAngle": {**pose, "PoseAngles": _attributes(angles)}}
    for name, prefix in (("HumanFace", "fc"), ("HumanBody", "bd")):
        if name in own:
            own[name] = _marked(own[name], prefix)


def _mark_vehicle(own: Tree, root: Tree, record: Mapping[str, Any]) -> None:
    plate = as_mapping(own.get("LicensePlateInfo"))
    confidence = next((one["confidence"]["value"] for one in record.get("plates") or () if one.get("confidence")), None)
    if type(plate.get("PlateNumber")) is str and confidence is not None:
        number = {"@Likelihood": confidence, "#text": plate["PlateNumber"]}
        own["LicensePlateInfo"] = {**plate, "PlateNumber": number}
    vehicle, colour = own.get("VehicleInfo"), root.get("VehicleColour")
    if vehicle and colour:
        word = (colour.get("code") or {}).get("code") or str(colour.get("name", "")).capitalize()
        first = vehicle[0] if type(vehicle) is list else vehicle
        if type(first) is dict:
            first["Color"] = _colour([colour]) or word


def _behaviour(own: Tree, record: Mapping[str, Any]) -> Tree:
    if direction := as_mapping(own.get("Direction")):
        own["Direction"] = _attributes(direction)
    return {"Removed": "", **own} if record.get("lifecycle") == "END" else own


def _colour(colours: list[Tree]) -> Tree:
    clusters = []
    for colour in colours:
        if len(colour.get("components") or ()) == 3:  # noqa: PLR2004 - X, Y, Z
            color: Tree = {f"@{axis}": value for axis, value in zip("XYZ", colour["components"], strict=True)}
            color["@Colorspace"] = f"http://www.onvif.org/ver10/colorspace/{colour.get('colourspace') or 'YCbCr'}"
            if colour.get("likelihood") is not None:
                color["@Likelihood"] = colour["likelihood"]
            cluster: Tree = {"Color": color}
            if colour.get("weight") is not None:
                cluster["Weight"] = colour["weight"]
            if (code := colour.get("code") or {}).get("system") == "onvif:ColorName":
                cluster["fw.ColorName"] = code["code"]
            clusters.append(cluster)
    return {"ColorCluster": clusters} if clusters else {}


def _marked(node: Any, prefix: str) -> Any:
    """Mark the names of a subtree that belong to another namespace; `_prefixed` makes prefixes of the marks."""
    if type(node) is list:
        return [_marked(item, prefix) for item in node]
    if type(node) is not dict:
        return node
    return {
        name if name[:1] in "@#" or name in _COMMON else f"{prefix}.{name}": _marked(value, prefix)
        for name, value in node.items()
    }


def _prefixed(body: bytes) -> bytes:
    for prefix in _PARTS:
        body = body.replace(f"<tt:{prefix}.".encode(), f"<{prefix}:".encode())
        body = body.replace(f"</tt:{prefix}.".encode(), f"</{prefix}:".encode())
    return body
