"""Whatever arrives, an adapter answers with records, a named skip or a RejectedError; and no other exception."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, encode, formats
from fairwatch.formats.payload import Payload

FORMATS = sorted(formats())
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    [
        *("eventType", "dateTime", "ANPR", "licensePlate", "faceCapture", "faces", "faceRect", "x", "X", "width"),
        *("EventNotificationAlert", "type", "after", "before", "id", "label", "box", "score", "frame_time", "camera"),
        *("sub_label", "data", "zones", "vehicleAlarmResult", "target", "targetAttrs", "DetectionRegionList"),
        *("DetectionRegionEntry", "TargetRect", "AccessControllerEvent", "eventState", "new", "end", "person", "VMD"),
        *("FaceListObject", "FaceObject", "FaceID", "Message", "Source", "Data", "SimpleItem", "Name", "Value"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
    st.text(st.characters(codec="utf-8"), max_size=12),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=6)),
    max_leaves=30,
)


def answer(body: bytes, name: str | None, content_type: str = "", path: str = "") -> None:
    try:
        decoded = decode(Payload(body, content_type, path, device_id="d", received_at=1), name)
    except RejectedError:
        return
    assert decoded.records or decoded.skipped
    for kind, record in decoded.records:
        try:
            encode(decoded.format, kind, record)
        except RejectedError as error:
            if error.reason != "unsupported":
                raise


def xml_of(node: Any, name: str = "EventNotificationAlert") -> str:
    if isinstance(node, dict):
        return f"<{name}>{''.join(xml_of(value, key) for key, value in node.items())}</{name}>"
    if isinstance(node, list):
        return "".join(xml_of(item, name) for item in node)
    text = "".join(char for char in str(node) if char.isprintable()).replace("&", "&amp;").replace("<", "&lt;")
    return f"<{name}>{text}</{name}>"


@pytest.mark.parametrize("name", [None, *FORMATS])
@QUICK
@given(body=st.binary(max_size=300), content_type=st.sampled_from(["", "application/xml", "multipart/form-data"]))
def test_any_bytes_are_answered(name: str | None, body: bytes, content_type: str) -> None:
    answer(body, name, content_type)


@pytest.mark.parametrize("name", [None, *FORMATS])
@QUICK
@given(tree=TREES)
def test_any_json_is_answered(name: str | None, tree: Any) -> None:
    answer(orjson.dumps(tree), name)


@pytest.mark.parametrize("name", [None, *FORMATS])
@QUICK
@given(tree=TREES)
def test_any_xml_is_answered(name: str | None, tree: Any) -> None:
    answer(xml_of({"EventNotificationAlert": tree}).encode(), name)


@QUICK
@given(tree=st.dictionaries(WORDS, TREES, max_size=8), kind=st.sampled_from(["VMD", "ANPR", "faceCapture", "strange"]))
def test_any_hikvision_alert_is_answered(tree: dict[str, Any], kind: str) -> None:
    answer(orjson.dumps({**tree, "eventType": kind, "channelID": 1}), "hikvision-isapi")
    answer(xml_of({**tree, "eventType": kind, "channelID": 1}).encode(), "hikvision-isapi")


@QUICK
@given(after=st.dictionaries(WORDS, TREES, max_size=8), kind=st.sampled_from(["new", "update", "end"]))
def test_any_frigate_event_is_answered(after: dict[str, Any], kind: str) -> None:
    answer(orjson.dumps({"type": kind, "before": {}, "after": {**after, "camera": "c", "label": "car"}}), "frigate")
