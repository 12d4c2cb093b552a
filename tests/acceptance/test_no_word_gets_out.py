"""A word that a device puts anywhere leaves the hub by no door: answer, log, metric, dead letter, record, picture.

`make leaks` sends the whole corpus through a real gateway; the default tests a sample.
"""

import os
from base64 import b64encode
from json import dumps

import pytest

from fairwatch.formats.payload import Payload
from tests.formats.test_pictures import CANARY, laden
from tests.support.hostile import RECEIVED, TERMS, encodings, folded, hostile
from tests.support.recordings import recordings
from tests.support.watched_hub import as_text, metrics, watched_hub

HOSTILE = 6_000 if os.environ.get("FAIRWATCH_LEAKS") else 120
FORMATS = sorted({path.parent.name for path in recordings()})


def found(text: str, term: str) -> bool:
    """Tell whether a word is there in any writing; digits alone are a number, whatever bytes they may be."""
    said = folded(text)
    return any(len(one) > 2 and not one.isdecimal() and one in said for one in encodings(term))


@pytest.mark.timeout(900)
async def test_no_word_leaves_the_hub_by_any_door(tmp_path):
    leaks = []
    async with watched_hub(tmp_path, FORMATS) as hub:
        for item in hostile(HOSTILE, seed=11):
            seen = map(as_text, await hub.say(item.format, item.payload))
            leaks += [(item.name, item.term, said[:500]) for said in seen if found(said, item.term)]
        told, stored = metrics(), hub.pictures()
    assert not leaks
    assert [term for term in TERMS if len(term) > 4 and found(told, term)] == []
    assert [term for term in TERMS if any(term.encode() in picture for picture in stored)] == []


def faces(picture: bytes) -> Payload:
    """Return a GA/T 1400 face with a picture inside."""
    image = {"ImageID": "1", "Type": "11", "FileFormat": "Jpeg", "Data": b64encode(picture).decode()}
    face = {"FaceID": "1", "DeviceID": "1", "SubImageList": {"SubImageInfoObject": [image]}}
    body = dumps({"FaceListObject": {"FaceObject": [face]}}).encode()
    return Payload(body, "application/json", device_id="d", received_at=RECEIVED)


def parts(picture: bytes) -> Payload:
    """Return a push of Hikvision with a picture as a part, whose name and file name hold the word too."""
    said = CANARY.decode()
    head = b'<EventNotificationAlert version="2.0"><ipAddress>192.0.2.1</ipAddress><channelID>1</channelID>'
    alert = head + b"<dateTime>2026-03-04T10:00:00Z</dateTime><eventType>VMD</eventType><eventState>active</eventState>"
    body = b"".join(
        (
            b"--b\r\nContent-Type: application/xml\r\n\r\n", alert, b"</EventNotificationAlert>\r\n",
            f'--b\r\nContent-Disposition: form-data; name="{said}"; filename="{said}.jpg"\r\n'.encode(),
            b"Content-Type: image/jpeg\r\n\r\n", picture, b"\r\n--b--\r\n",
        )
    )  # fmt: skip
    return Payload(body, "multipart/form-data; boundary=b", device_id="d", received_at=RECEIVED)


async def test_what_is_written_beside_an_image_is_not_stored_and_not_told(tmp_path):
    async with watched_hub(tmp_path, ["gat1400", "hikvision-isapi"]) as hub:
        told = []
        for kind in ("JPEG", "PNG", "WEBP", "GIF"):
            told += await hub.say("gat1400", faces(laden(kind)))
            told += await hub.say("hikvision-isapi", parts(laden(kind)))
        stored = hub.pictures()
    assert len(stored) == 4, "the same picture is stored once, whichever way it came"
    assert not [picture for picture in stored if CANARY in picture or b"Exif" in picture]
    assert CANARY.decode() not in as_text(told)
