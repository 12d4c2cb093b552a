"""The resources of GA/T 1400 that are taken in: how their lists are wrapped and where their ids are."""

from dataclasses import dataclass
from typing import Any

import orjson

from fairwatch.edges.refusal import RefusedError
from fairwatch.edges.viid.system import plain


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection under `/VIID`.

    Attributes:
        name: Element name, e.g. `Face` of `FaceListObject`.
        inner: Key of the array inside the list object; four collections leave the `Object` off.
        id_field: Field that identifies an object.
        wrapped_in: Sub-object of composite resources that holds the id.
    """

    name: str
    inner: str
    id_field: str
    wrapped_in: str = ""


def _plain(name: str, id_field: str = "") -> Resource:
    return Resource(name, f"{name}Object", id_field or f"{name}ID")


RESOURCES: dict[str, Resource] = {
    "Faces": _plain("Face"),
    "Persons": _plain("Person"),
    "MotorVehicles": _plain("MotorVehicle"),
    "NonMotorVehicles": _plain("NonMotorVehicle"),
    "Things": _plain("Thing"),
    "Scenes": _plain("Scene"),
    "Images": Resource("Image", "Image", "ImageID", "ImageInfo"),
    "VideoSlices": Resource("VideoSlice", "VideoSlice", "VideoID", "VideoSliceInfo"),
    "Files": Resource("File", "File", "FileID", "FileInfo"),
    "Dispositions": _plain("Disposition"),
    "DispositionNotifications": _plain("DispositionNotification", "NotificationID"),
    "SubscribeNotifications": _plain("SubscribeNotification", "NotificationID"),
    "APEs": _plain("APE", "ApeID"),
    "APSs": _plain("APS", "ApsID"),
    "Tollgates": _plain("Tollgate"),
    "Lanes": _plain("Lane", "LaneId"),
}


class Objects:
    """The objects of one body.

    Attributes:
        ids: Of each, once they were looked at.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource, self.ids = resource, list[str]()

    def fault(self, body: bytes) -> RefusedError | None:
        """Note the ids of a body's objects; return why it holds none."""
        body = plain(body)
        if body[:1] == b"<":
            return RefusedError(400, "xml", "XML is not understood, send application/VIID+JSON")
        try:
            ids = object_ids(self._resource, orjson.loads(body))
        except orjson.JSONDecodeError as error:
            return RefusedError(400, "malformed", f"not JSON: {error.msg} at character {error.pos}")
        if ids is None:
            wanted = f"{self._resource.name}ListObject.{self._resource.inner}"
            return RefusedError(400, "invalid_field", f"{wanted} is not a list of objects")
        self.ids = ids
        return None


def object_ids(resource: Resource, document: Any) -> list[str] | None:
    """Return the id of each object in a body ("" where it has none), or None when the body holds no such list.

    Besides the list of the standard, devices send a bare list, a single object, `FaceList` for `FaceListObject`, and
    names in another case.
    """
    wrapper = _named(document, f"{resource.name}ListObject", f"{resource.name}List")
    objects = _named(document if wrapper is None else wrapper, resource.inner)
    if isinstance(objects, dict):
        objects = [objects]
    if not isinstance(objects, list) or not objects or not all(isinstance(item, dict) for item in objects):
        return None
    return [_id_of(resource, item) for item in objects]


def _id_of(resource: Resource, item: dict[str, Any]) -> str:
    for holder in (item, _named(item, resource.wrapped_in)):
        value = _named(holder, resource.id_field)
        if isinstance(value, str | int):
            return str(value)[:64]
    return ""


def _named(holder: Any, *names: str) -> Any:
    """Return the first member with one of the names, in any case; None when there is none."""
    if not isinstance(holder, dict):
        return None
    wanted = {name.lower() for name in names}
    return next((value for name, value in holder.items() if name.lower() in wanted), None)
