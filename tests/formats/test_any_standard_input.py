# ruff: noqa: E501, PT017 - payloads on one line; either outcome is fine
"""Whatever stands where a standard has a field, the answer is a record, a named skip or a refusal; and encodes again."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, encode
from fairwatch.formats.gat1400.names import FIELDS, KINDS
from fairwatch.formats.payload import Payload
from fairwatch.wire.avro import Codec

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = (
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:tns1="http://www.onvif.org/ver10/topics"'
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "NaN", "-1", "1", "true", "20260304101112", "Inv", "沪A12345", "Human", "18446744073709551615"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
)
WRAPPERS = [
    f"{kind}{ending}" for kind in ("Face", "Person", "MotorVehicle", "Thing") for ending in ("Object", "ListObject")
]
GAT_NAMES = st.sampled_from([*sorted(FIELDS), *WRAPPERS, "SubImageInfoObject"])
ONVIF_NAMES = st.sampled_from(
    [
        *("Appearance", "Shape", "BoundingBox", "left", "top", "right", "bottom", "CenterOfGravity", "x", "y", "Class"),
        *("Type", "Likelihood", "Color", "ColorCluster", "X", "Y", "Z", "Weight", "HumanFace", "HumanBody", "Image"),
        *("LicensePlateInfo", "PlateNumber", "VehicleInfo", "GeoLocation", "lat", "lon", "Transformation", "Scale"),
        *("Behaviour", "Removed", "Speed", "Direction", "yaw", "Polygon", "Point", "ObjectId", "Parent", "Accessory"),
        *(
            "Source",
            "Data",
            "Key",
            "SimpleItem",
            "ElementItem",
            "Name",
            "Value",
            "Message",
            "Topic",
            "UtcTime",
            "Object",
        ),
    ]
)
CODEC = Codec()


def trees(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    inner = st.recursive(
        SCALARS,
        lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(names, below, max_size=6)),
        max_leaves=25,
    )
    return st.dictionaries(names, inner, max_size=10)


def answer(body: bytes, name: str, path: str = "") -> None:
    try:
        decoded = decode(Payload(body, path=path, device_id="d", received_at=1, soft_biometrics=True), name)
    except RejectedError as error:
        assert error.detail
        return
    assert decoded.records or decoded.skipped
    for kind, record in decoded.records:
        CODEC.encode(kind, record)
        try:
            encode(name, kind, record)
        except RejectedError as error:
            assert error.reason == "unsupported"


def xml_of(node: Any, name: str) -> str:
    if isinstance(node, list):
        return "".join(xml_of(item, name) for item in node)
    if isinstance(node, dict):
        inner = "".join(xml_of(value, key) for key, value in node.items())
    else:
        inner = str(node).replace("&", "&amp;").replace("<", "&lt;")
    return f"<tt:{name}>{inner}</tt:{name}>"


@QUICK
@given(tree=trees(GAT_NAMES), kind=st.sampled_from(sorted(set(KINDS))))
def test_any_gat1400_object_is_answered(tree, kind):
    answer(orjson.dumps({f"{kind}ListObject": {f"{kind}Object": [tree]}}), "gat1400")


@QUICK
@given(tree=trees(ONVIF_NAMES), plate=SCALARS)
def test_any_onvif_object_is_answered(tree, plate):
    frame = {"Object": [tree, {"Appearance": {**tree, "LicensePlateInfo": {"PlateNumber": plate}}}], "UtcTime": "1970"}
    answer(
        f"<tt:MetadataStream {NAMES}><tt:VideoAnalytics>{xml_of(frame, 'Frame')}</tt:VideoAnalytics></tt:MetadataStream>".encode(),
        "onvif-metadata",
    )
    answer(orjson.dumps({"Frame": [frame]}), "onvif-metadata", "x/onvif-mj/VideoAnalytics/p/m")


@QUICK
@given(
    tree=trees(ONVIF_NAMES),
    topic=st.sampled_from(["RuleEngine/Recognition/Face", "Device/Trigger/Relay", "x", "//", ":"]),
)
def test_any_onvif_message_is_answered(tree, topic):
    body = (
        xml_of({"Message": tree}, "q")
        .replace("<tt:q>", f"<wsnt:Message {NAMES}>")
        .replace("</tt:q>", "</wsnt:Message>")
    )
    answer(
        f"<wsnt:NotificationMessage {NAMES}><wsnt:Topic>{topic}</wsnt:Topic>{body}</wsnt:NotificationMessage>".encode(),
        "onvif-event",
    )
    answer(orjson.dumps({"Topic": {"_value_1": topic}, "Message": {"_value_1": tree}}), "onvif-event")
    answer(orjson.dumps(tree), "onvif-event", f"x/onvif-ej/{topic}/&1")


@pytest.mark.parametrize("name", ["gat1400", "onvif-event", "onvif-metadata"])
@QUICK
@given(
    body=st.binary(max_size=200),
    path=st.sampled_from(["", "/VIID/Faces", "p/onvif-ej/a/&1", "p/onvif-mj/VideoAnalytics/p/m"]),
)
def test_any_bytes_are_answered_on_any_path(name, body, path):
    answer(body, name, path)
