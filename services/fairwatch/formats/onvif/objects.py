"""Makes one tt:Object of a frame or an event ready for the rows."""

from typing import Any, Final

from fairwatch.formats.bodies.trees import as_list, text_of
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.codes import colour_named
from fairwatch.formats.language.converters.pictures import media_type, read_base64, reference
from fairwatch.formats.language.tables import table
from fairwatch.formats.onvif.shapes import IDENTITY, Transform, compose, shape_of, transform_of

Tree = dict[str, Any]

_WORDS: Final = table(__file__, "words")
CLASSES: Final[dict[str, str]] = _WORDS["classes"]
_EVENTS: Final[dict[str, str]] = _WORDS["events"]
_ROLES: Final[dict[str, str]] = _WORDS["roles"]
_MOST_CLUSTERS: Final = 64


def prepare_object(item: Tree, frame: Tree, env: Environment) -> Tree:
    """Return what a document says of one object: the object itself, and beside it what needed more than a path."""
    appearance = dict(item["Appearance"]) if type(item.get("Appearance")) is dict else {}
    root: Tree = {"Object": {**item, "Appearance": appearance}}
    if not appearance:
        del root["Object"]["Appearance"]
    _classify(root, appearance)
    _locate(root, appearance, frame, env)
    _colour(root, appearance, frame.get("Colorspace"), env)
    pictures = _pictures(appearance, env, _ROLES.get(root.get("ObjectClass", ""), "OTHER"))
    pictures += scene_pictures(frame, env)
    if pictures:
        root["Pictures"] = pictures
    behaviour = item.get("Behaviour")
    if type(behaviour) is dict and "Removed" in behaviour:
        root["Removed"] = "true"
    return root


def _classify(root: Tree, appearance: Tree) -> None:
    """Choose the likeliest type that names a class; the others stay where they are."""
    node = appearance.get("Class")
    types = [*as_list(node.get("Type"))] if type(node) is dict else []
    if type(node) is dict:
        types += [one for one in as_list(node.get("ClassCandidate")) if type(one) is dict]
        extension = node.get("Extension")
        if type(extension) is dict:
            types += [one for one in as_list(extension.get("OtherTypes")) if type(one) is dict]
    scored = [
        (_likelihood(one), -place, text_of(one.get("Type", one) if type(one) is dict else one))
        for place, one in enumerate(types)
    ]
    named = [one for one in scored if one[2].lower() in CLASSES] or scored
    if named:
        best = max(named)
        chosen = types[-best[1]]
        root["Class"] = {"Type": best[2]}
        if type(chosen) is dict and "Likelihood" in chosen:
            root["Class"]["Likelihood"] = chosen["Likelihood"]
        rest = [one for one in types if one is not chosen]
        appearance["Class"] = {"Type": rest} if rest else ""
        root["ObjectClass"] = CLASSES.get(best[2].lower(), "OTHER")
    else:
        root["ObjectClass"] = _inferred(appearance)
    plate = appearance.get("LicensePlateInfo")
    read = type(plate) is dict and text_of(plate.get("PlateNumber"))
    root["EventType"] = "plate.read" if read else _EVENTS.get(root["ObjectClass"], "object.detected")


def _likelihood(node: Any) -> float:
    try:
        return float(node["Likelihood"]) if type(node) is dict and "Likelihood" in node else 1.0
    except (TypeError, ValueError):
        return 0.0


def _inferred(appearance: Tree) -> str:
    for name, found in (("HumanFace", "FACE"), ("HumanBody", "PERSON"), ("VehicleInfo", "MOTOR_VEHICLE")):
        if appearance.get(name):
            return found
    if "LicensePlateInfo" in appearance:
        return "PLATE"
    return "BARCODE" if appearance.get("BarcodeInfo") else "UNKNOWN"


def _locate(root: Tree, appearance: Tree, frame: Tree, env: Environment) -> None:
    node = appearance.get("Shape")
    if type(node) is not dict:
        return
    try:
        outer: Transform = transform_of(frame.get("Transformation"))
        inner: Transform = transform_of(appearance.get("Transformation"))
        shape = shape_of(node, compose(inner, outer) if inner != IDENTITY else outer)
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
        return
    if shape:
        root["Shape"] = shape
        if env.trace is not None:
            env.took([node, frame.get("Transformation"), appearance.get("Transformation")], "shape")
        del appearance["Shape"]
        appearance.pop("Transformation", None)


def _colour(root: Tree, appearance: Tree, colourspace: Any, env: Environment) -> None:
    colours = clusters(appearance.get("Color"), colourspace)
    if colours:
        root["Colours"] = colours
        env.took([appearance["Color"], colourspace], "colours")
        del appearance["Color"]
    vehicles = as_list(appearance.get("VehicleInfo"))
    if vehicles and type(vehicles[0]) is dict:
        own = dict(vehicles[0])
        appearance["VehicleInfo"] = [own, *vehicles[1:]]
        if found := clusters(own.get("Color"), colourspace):
            root["VehicleColour"] = found[0]
            env.took([own["Color"], colourspace], "vehicle.colour")
            del own["Color"]


def clusters(node: Any, colourspace: Any) -> list[Tree]:
    """Return canonical colours of a ColorDescriptor, or of the bare word that some makers write."""
    if type(node) is str and node:
        return [{"name": colour_named(node), "code": {"system": "onvif:ColorName", "code": node}}]
    found: list[Tree] = []
    for cluster in as_list(node.get("ColorCluster") if type(node) is dict else None)[:_MOST_CLUSTERS]:
        try:
            found.append(_cluster(cluster, colourspace))
        except (ValueError, TypeError, KeyError, AttributeError):
            return []
    return found


def _cluster(cluster: Tree, colourspace: Any) -> Tree:
    values = cluster["Color"]
    colour: Tree = {"components": [float(values[axis]) for axis in "XYZ"]}
    space = str(values.get("Colorspace") or colourspace or "YCbCr")
    colour["colourspace"] = space.rpartition("/")[2]
    if "Likelihood" in values:
        colour["likelihood"] = float(values["Likelihood"])
    if cluster.get("Weight"):
        colour["weight"] = float(text_of(cluster["Weight"]))
    if name := text_of(cluster.get("ColorName")):
        colour["name"] = colour_named(name)
        colour["code"] = {"system": "onvif:ColorName", "code": name}
    return colour


def _pictures(appearance: Tree, env: Environment, role: str) -> list[Tree]:
    found = _take_picture(appearance, "Image", "ImageRef", role, env)
    for name, own_role in (("LicensePlateInfo", "PLATE"), ("VehicleInfo", "VEHICLE")):
        inner = appearance.get(name)
        first = inner[0] if type(inner) is list and inner else inner
        if type(first) is dict and "Image" in first:
            own = dict(first)
            found += _take_picture(own, "Image", "ImageRef", own_role, env)
            appearance[name] = [own, *inner[1:]] if type(inner) is list else own
    return found


def scene_pictures(frame: Tree, env: Environment) -> list[Tree]:
    """Return the picture of the whole scene, if the frame has one; the frame keeps it for its other objects."""
    return _take_picture(dict(frame), "SceneImage", "SceneImageRef", "SCENE", env)


def _take_picture(node: Tree, inline: str, address: str, role: str, env: Environment) -> list[Tree]:
    found: list[Tree] = []
    data = text_of(node.get(inline))
    if data:
        try:
            body = read_base64(data)
        except ValueError:
            body = b""
        if body:
            mime = media_type(body)
            found.append({**reference(env.keep(body, mime), len(body), mime), "role": role})
            env.took(node[inline], "media")
            del node[inline]
    if uri := text_of(node.get(address)):
        found.append({"uri": uri, "role": role})
        del node[address]
    return found
