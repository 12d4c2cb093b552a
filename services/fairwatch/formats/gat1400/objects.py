"""Makes one GA/T 1400 object ready for the rows: pictures, the size its box refers to, names to be told apart."""

from typing import Any, Final

from fairwatch.formats.environment import Environment
from fairwatch.formats.gat1400.names import canonical
from fairwatch.formats.language.converters.pictures import media_type, read_base64, reference
from fairwatch.formats.language.tables import table

Tree = dict[str, Any]

RENAMED: Final[dict[str, dict[str, str]]] = table(__file__, "envelopes")["renamed"]
_LISTS: Final = ("SubImageList", "RelatedList")
_SCENES: Final = ("14", "01", "1")
_STORAGE: Final = tuple(f"StorageUrl{number}" for number in range(1, 6))
_SIZES: Final = ("Width", "Height", "FileSize")
_NO_SIZE: Final = (0, "0")
_SECRETS: Final = ("UserId", "Password")


def complete(kind: str, own: Tree, env: Environment) -> Tree:
    """Return the object with its kind, in the shape that the rows of the declaration read."""
    for name in _LISTS:
        if name in own:
            own[name] = _flat(own[name])
    for old, new in RENAMED.get(kind, {}).items():
        if old in own:
            own[new] = own.pop(old)
    _pictures(own, env)
    if kind.endswith("Vehicle"):
        _vehicle(own)
    elif kind == "APE":
        _device(own)
    elif kind == "Disposition":
        own["TargetKind"] = _target(own)
    notification = own.get("Notification")
    if type(notification) is dict and "DispositionID" in notification and "Similaritydegree" in own:
        notification["Similaritydegree"] = own.pop("Similaritydegree")
    own["Kind"] = kind
    return own


def _flat(node: Any) -> list[Tree]:
    """Return the items of a list that may lie in a wrapper such as SubImageInfoObject."""
    if type(node) is dict:
        inner = {name: value for name, value in node.items() if type(value) is list or type(value) is dict}
        # Peers that count the items beside them, or say something of all, still wrap them in a name of this kind.
        wrapped = next((value for name, value in inner.items() if name.casefold().endswith("object")), None)
        if wrapped is None and len(node) == 1:
            wrapped = next(iter(inner.values()), None)
        return _flat(wrapped) if wrapped is not None else [_named(node)]
    return [_named(item) for item in node if type(item) is dict] if type(node) is list else []


def _named(item: Tree) -> Tree:
    return {canonical(name): value for name, value in item.items() if value is not None and value != ""}


def _pictures(own: Tree, env: Environment) -> None:
    image = own.pop("Image", None)
    pictures: list[Tree] = own.get("SubImageList") or []
    if image:
        pictures = own["SubImageList"] = [*pictures, {"Type": "14", **image}]
    for picture in pictures:
        _keep(picture, env)
        for name in _SIZES:
            if picture.get(name) in _NO_SIZE:
                picture.pop(name, None)
    sorts = [picture.get("EventSort") for picture in pictures]
    if sorts and sorts[0] is not None and "EventSort" not in own and sorts == sorts[:1] * len(sorts):
        own["EventSort"] = sorts[0]
        for picture in pictures:
            del picture["EventSort"]
    if "LeftTopX" in own and (chosen := _source_picture(own, pictures)):
        own["PictureWidth"], own["PictureHeight"] = chosen.get("Width"), chosen.get("Height")


def _source_picture(own: Tree, pictures: list[Tree]) -> Tree | None:
    """Return the picture that the box refers to: the source image, else a scene (rule G3)."""
    source = own.get("SourceID")
    for picture in pictures:
        if source and picture.get("ImageID") == source:
            return picture
    scenes = [picture for kind in _SCENES for picture in pictures if str(picture.get("Type")) == kind]
    return scenes[0] if scenes else None


def _keep(picture: Tree, env: Environment) -> None:
    """Move inline bytes to the media store; where the peer keeps the picture stays known beside them."""
    data = picture.get("Data")
    if type(data) is not str:
        return
    try:
        body = read_base64(data)
    except ValueError:
        picture["UnreadableData"] = f"{len(picture.pop('Data'))} characters"
        return
    del picture["Data"]
    mime = media_type(body)
    env.took(data, "media")
    picture["Picture"] = reference(env.keep(body, mime), len(body), mime)
    if "StoragePath" in picture:
        picture["OriginalStoragePath"] = picture.pop("StoragePath")


def _vehicle(own: Tree) -> None:
    urls = [{"Url": own.pop(name), "Kind": name[-1]} for name in _STORAGE if name in own]
    if urls:
        own["StorageUrls"] = urls
    if "PlateNoAttach" in own:
        own["AttachedPlates"] = [{"PlateNo": own.pop("PlateNoAttach")}]


def _device(own: Tree) -> None:
    for name in _SECRETS:
        own.pop(name, None)
    # A place of 0,0 is how a platform says that it knows none.
    if not any(str(own.get(name, 0)).strip("0.") for name in ("Longitude", "Latitude")):
        own.pop("Longitude", None)
        own.pop("Latitude", None)


def _target(own: Tree) -> str:
    """Return FACE or PLATE; the numbers of DispositionCategory mean different things to different platforms (E3)."""
    feature = str(own.get("TargetFeature", ""))
    category = str(own.get("DispositionCategory", ""))
    plate_like = 3 < len(feature) <= 15 and any(char.isdigit() for char in feature) and " " not in feature  # noqa: PLR2004
    pictured = bool(own.get("SubImageList") or own.get("TargetImageURI"))
    if category in {"3", "4"} and feature:
        return "PLATE"
    if category == "2" and plate_like and not pictured:
        return "PLATE"
    if category in {"1", "2"}:
        return "FACE"
    return "PLATE" if plate_like and not pictured else "FACE" if pictured else "UNKNOWN"
