"""Writes one GA/T 1400 object in the list, notification or subscription notification that peers expect."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from fairwatch.formats.gat1400.objects import RENAMED
from fairwatch.formats.language.tables import table
from fairwatch.formats.payload import Encoded

Tree = dict[str, Any]

CONTENT_TYPE: Final = "application/VIID+JSON;charset=UTF-8"
_TABLE: Final = table(__file__, "envelopes")
_OBJECTS: Final[dict[str, tuple[str, str, str]]] = {name: tuple(row) for name, row in _TABLE["objects"].items()}
_UNCERTAIN: Final[list[str]] = _TABLE["uncertain"]
_DEVICE_DIGITS: Final = 20
_OWN: Final = ("Kind", "PictureWidth", "PictureHeight", "TargetKind")


def write(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    """Return the finished document."""
    if message in _OBJECTS:
        return _write_object(root, message, record)
    if message == "device":
        return _document("APE", "APEs", _plain("APE", root))
    if message == "disposition":
        own = _plain("Disposition", root)
        own.setdefault("DispositionCategory", "2" if record.get("kind") == "FACE" else "3")
        own.setdefault("OperateType", 1 if own.get("DispositionStatus") == 1 else 0)
        own.setdefault("DispositionRange", 1 if own.get("TollgateList") else 2)
        return _document("Disposition", "Dispositions", own)
    return _write_match(root, record)


def _write_object(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    kind, collection, subtype = _OBJECTS[message]
    notification, subscription = root.pop("Notification", None), root.pop("Subscription", None)
    own = _plain(kind, root)
    _place_pictures(own, record)
    own.setdefault("InfoKind", 1)
    own.setdefault(f"{kind}ID", object_id(record, subtype))
    if kind in {"Face", "Person"}:
        own |= {name: 2 for name in _UNCERTAIN if name not in own}
    if kind.endswith("Vehicle"):
        own.setdefault("HasPlate", 1 if own.get("PlateNo") else 0)
        if more := [plate["raw"] for plate in record.get("plates") or () if plate.get("secondary")]:
            own["PlateNoAttach"] = more[0]
    if notification:
        if "Similaritydegree" in notification:
            own["Similaritydegree"] = notification.pop("Similaritydegree")
        notification.setdefault("NotificationID", notification_id(record, str(record.get("observation_id", ""))))
        notification.setdefault("CntObjectID", own[f"{kind}ID"])
        notification[f"{kind}Object"] = own
        return _document("DispositionNotification", "DispositionNotifications", notification)
    if subscription:
        subscription.setdefault("InfoIDs", own[f"{kind}ID"])
        subscription[f"{kind}ObjectList"] = {f"{kind}Object": [own]}
        return _document("SubscribeNotification", "SubscribeNotifications", subscription)
    return _document(kind, collection, own)


def _write_match(root: Tree, record: Mapping[str, Any]) -> Encoded:
    candidate = record.get("candidate") or record
    score = root.pop("Similaritydegree", None)
    root.setdefault(
        "NotificationID", notification_id(candidate, str(record.get("candidate_id") or record.get("alert_id")))
    )
    if score is not None and candidate.get("kind") == "FACE":
        face = {"FaceID": root.get("CntObjectID"), "DeviceID": root.get("DeviceID"), "Similaritydegree": score}
        root["FaceObject"] = face
    elif candidate.get("plate_read"):
        plate = {"PlateNo": candidate["plate_read"], "DeviceID": root.get("DeviceID")}
        root["MotorVehicleObject"] = {"MotorVehicleID": root.get("CntObjectID"), **plate}
    root.pop("DeviceID", None)
    return _document("DispositionNotification", "DispositionNotifications", root)


def _document(kind: str, collection: str, own: Tree) -> Encoded:
    tree = {f"{kind}ListObject": {f"{kind}Object": [own]}}
    return Encoded(orjson.dumps(tree, option=orjson.OPT_NON_STR_KEYS), CONTENT_TYPE, f"/VIID/{collection}")


def _plain(kind: str, root: Tree) -> Tree:
    """Undo what reading did for the rows."""
    own = {name: value for name, value in root.items() if name not in _OWN}
    for old, new in RENAMED.get(kind, {}).items():
        if new in own:
            own[old] = own.pop(new)
    own.pop("StorageUrls", None)
    own.pop("AttachedPlates", None)
    sort = own.pop("EventSort", None) if kind != "VideoLabel" else None
    pictures = own.pop("SubImageList", None)
    if pictures:
        own["SubImageList"] = {"SubImageInfoObject": [_picture(one, sort) for one in pictures]}
    related = own.pop("RelatedList", None)
    if related:
        own["RelatedList"] = {"RelatedObject": related}
    return own


def _picture(one: Tree, sort: Any) -> Tree:
    own = dict(one) if sort is None else {"EventSort": sort, **one}
    own.pop("Picture", None)
    if "OriginalStoragePath" in own:
        own["StoragePath"] = own.pop("OriginalStoragePath")
    return own


def _place_pictures(own: Tree, record: Mapping[str, Any]) -> None:
    """Put the addresses that came as StorageUrl1..5 back there."""
    for media in record.get("media") or ():
        code = media.get("role_code") or {}
        if code.get("system") == "gat1400:StorageUrl":
            own[f"StorageUrl{code['code']}"] = media["uri"]
            pictures = (own.get("SubImageList") or {}).get("SubImageInfoObject", [])
            pictures[:] = [one for one in pictures if one.get("ImageID") or one.get("StoragePath") != media["uri"]]


def _stamp(record: Mapping[str, Any]) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=record.get("occurred_at") or 0, hours=8)
    return moment.strftime("%Y%m%d%H%M%S")


def _digits(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return str(number % 10**length).zfill(length)


def _device_number(record: Mapping[str, Any]) -> str:
    """Return the device's 20 digits, its own or ones that stand for it."""
    names = [str((record.get("source") or {}).get("device_id") or ""), str(record.get("device_id") or "")]
    own = [name for name in names if len(name) == _DEVICE_DIGITS and name.isdecimal()]
    return own[0] if own else "0000000000132" + _digits(names[0] or names[1], 7)


def object_id(record: Mapping[str, Any], subtype: str) -> str:
    """Return the same 48 digits each time for an observation that has none: device, type, time, sequence, subtype."""
    serial = _digits(str(record.get("observation_id") or record), 5)
    return f"{_device_number(record)}02{_stamp(record)}{serial}{subtype}{serial}"


def notification_id(record: Mapping[str, Any], name: str) -> str:
    """Return the same 33 digits each time: organisation, type, time, sequence."""
    return f"{_device_number(record)[:12]}02{_stamp(record)}{_digits(name, 5)}"
