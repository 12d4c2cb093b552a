"""Pictures lose what was written beside their image, and nothing of the image."""

import base64
import io
import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from fairwatch.formats.bodies.pictures import NoPictureError, bare
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload

CANARY = b"canary-of-a-protected-word"
KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_PIXELS = Image.effect_noise((40, 30), 90).convert("RGB")


def saved(kind, **options):
    out = io.BytesIO()
    _PIXELS.save(out, kind, **options)
    return out.getvalue()


def laden(kind):
    """Make a picture with the canary in every place that its kind has for words."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = CANARY.decode()
    if kind == "JPEG":
        made = saved(kind, exif=exif, comment=CANARY, icc_profile=CANARY, xmp=CANARY, progressive=True)
        iptc = b"\xff\xed" + struct.pack(">H", 2 + len(CANARY)) + CANARY
        jfif = b"\xff\xe0" + struct.pack(">H", 16 + len(CANARY)) + b"JFIF\0\1\1\0\0\1\0\1\0\0" + CANARY
        made = made[:2] + jfif + iptc + made[2:]
    elif kind == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_text("Comment", CANARY.decode())
        words.add_itxt("XML:com.adobe.xmp", CANARY.decode(), zip=False)
        made = saved(kind, pnginfo=words, exif=exif, icc_profile=CANARY)
    elif kind == "WEBP":
        made = saved(kind, exif=exif, icc_profile=CANARY, xmp=CANARY, lossless=True)
    elif kind == "GIF":
        made = saved(kind, comment=CANARY)
    else:
        made = saved(kind)
    return made + CANARY


def pixels(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_gone_and_every_pixel_is_there(kind):
    before = laden(kind)
    after, mime = bare(before)
    assert CANARY in before
    assert CANARY not in after
    assert b"Exif" not in after
    assert mime == f"image/{kind.lower()}"
    assert pixels(after) == pixels(before)
    assert bare(after)[0] == after


def test_compressed_words_of_a_png_are_gone():
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", CANARY.decode() * 9, zip=True)
    before = saved("PNG", pnginfo=words)
    assert zlib.compress(CANARY * 9)[:8] in before
    assert b"zTXt" not in bare(before)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_picture_keeps_what_comes_before_the_damage(kind):
    whole = saved(kind)
    for cut in range(len(whole) // 2, len(whole), max(1, len(whole) // 40)):
        after, _ = bare(whole[:cut])
        assert bare(after)[0] == after


def test_a_jpeg_with_a_broken_segment_hides_nothing():
    assert bare(b"\xff\xd8\xff\xe1" + CANARY + b"\xff\xd9")[0] == b"\xff\xd8\xff\xd9"


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\1\0\0WEBP", b"GIF89a", b"BM", b""]), st.binary()
)
def test_any_bytes_are_a_picture_or_are_not(start, rest):
    try:
        after, _ = bare(start + rest)
    except NoPictureError:
        return
    assert bare(after)[0] == after


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"%PDF-1.7", b"\x00\x00\x00\x18ftypmp42", b"II*\x00"])
def test_what_is_no_picture_is_not_kept(body):
    with pytest.raises(NoPictureError):
        bare(body)


def multipart(*parts):
    lines = b"".join(
        b"--b\r\nContent-Disposition: form-data; name=x; filename=x\r\nContent-Type: "
        + kind
        + b"\r\n\r\n"
        + body
        + b"\r\n"
        for kind, body in parts
    )
    return Payload(lines + b"--b--\r\n", "multipart/form-data; boundary=b", device_id="cam-1")


EVENT = b"""<EventNotificationAlert version="2.0"><dateTime>2026-07-01T12:00:00+02:00</dateTime>
<eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>"""


def test_of_the_parts_of_a_body_only_bare_pictures_are_kept():
    parts = [
        (b"application/xml", EVENT),
        (b"image/jpeg", laden("JPEG")),
        (b"image/jpeg", CANARY),
        (b"video/mp4", CANARY),
    ]
    decoded = decode(multipart(*parts), "hikvision-isapi")
    ((kept, mime),) = decoded.media.values()
    (record,) = [record for _, record in decoded.records]
    assert (mime, kept) == ("image/jpeg", bare(laden("JPEG"))[0])
    assert record["media"][0]["bytes"] == len(kept)


def test_pictures_within_a_document_are_bare_too():
    image = {"ImageID": "1", "Type": "11", "FileFormat": "Jpeg", "Data": base64.b64encode(laden("JPEG")).decode()}
    face = {"FaceID": "f", "InfoKind": 1, "SourceID": "1", "SubImageList": {"SubImageInfoObject": [image]}}
    body = json.dumps({"FaceListObject": {"FaceObject": [face]}}).encode()
    decoded = decode(Payload(body, device_id="cam-1"), "gat1400")
    assert [kept for kept, _ in decoded.media.values()] == [bare(laden("JPEG"))[0]]
