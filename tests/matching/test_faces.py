"""Faces of one person are near, of others far, and a bad picture is refused with its reason (real models)."""

import io
import zlib
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fairwatch.domain.errors import RejectedError
from fairwatch.matching.faces import NoTemplate, Template
from tests.support.face_models import face_reader, needs_models, picture

pytestmark = needs_models

SAME = ("obama.jpg", "obama2.jpg", "obama3.jpg")
OTHERS = ("biden.jpg", "astronaut.png")


def template(name: str) -> Template:
    found = face_reader().read(picture(name))
    assert isinstance(found, Template)
    return found


def distance(one: Template, other: Template) -> float:
    return float(np.linalg.norm(one.values - other.values))


def changed(name: str, change: object) -> bytes:
    file = io.BytesIO()
    image = Image.open(io.BytesIO(picture(name))).convert("RGB")
    change(image).save(file, "JPEG", quality=90)  # type: ignore[operator]
    return file.getvalue()


def test_the_same_person_is_above_the_threshold_and_others_are_below() -> None:
    policy = face_reader().config.threshold
    templates = {name: template(name) for name in (*SAME, *OTHERS)}
    for one, other in combinations(templates, 2):
        score = policy.score(distance(templates[one], templates[other]))
        same = one in SAME and other in SAME
        assert (score >= policy.threshold + 0.05) == same, (one, other, score)
        assert same or score < policy.threshold - 0.05, (one, other, score)


def test_a_picture_without_a_face_has_none() -> None:
    assert face_reader().read(picture("coffee.png")) == NoTemplate("no_face")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(10)), "blurred"),
        (lambda image: image.point(lambda value: value * 0.18), "dark"),
        (lambda image: image.rotate(50, expand=True, fillcolor=(127, 127, 127)), "rolled"),
        (lambda image: image.resize((image.width // 10, image.height // 10)), "too_small"),
    ],
)
def test_a_bad_face_is_refused_with_what_is_wrong_with_it(change: object, fault: str) -> None:
    found = face_reader().read(changed("obama2.jpg", change))
    assert isinstance(found, NoTemplate)
    assert found.reason == "quality_rejected"
    assert fault in found.faults


def test_a_tight_crop_as_cameras_send_it_gives_the_same_person() -> None:
    crop = changed("obama2.jpg", lambda image: image.crop((186, 112, 456, 508)).resize((112, 164)))
    found = face_reader().read(crop)
    assert isinstance(found, Template)
    assert distance(found, template("obama.jpg")) < face_reader().config.threshold.distance


def test_only_the_box_is_looked_at() -> None:
    def beside(image: Image.Image) -> Image.Image:
        both = Image.new("RGB", (image.width * 2, image.height))
        both.paste(image, (0, 0))
        both.paste(Image.open(io.BytesIO(picture("biden.jpg"))).convert("RGB").resize(image.size), (image.width, 0))
        return both

    scene = changed("obama2.jpg", beside)
    left = face_reader().read(scene, (0.02, 0.05, 0.45, 0.6))
    assert isinstance(left, Template)
    assert distance(left, template("obama.jpg")) < 0.55
    assert face_reader().read(scene, alone=True) == NoTemplate("several_faces")


def encoded(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)  # type: ignore[arg-type]
    return file.getvalue()


def test_a_picture_of_one_pixel_has_no_face() -> None:
    assert face_reader().read(encoded(Image.new("RGB", (1, 1))), alone=True) == NoTemplate("no_face")


def test_of_forty_faces_none_is_enrolled_and_the_largest_is_looked_for() -> None:
    face = Image.open(io.BytesIO(picture("obama.jpg"))).convert("RGB").resize((96, 96))
    many = Image.new("RGB", (960, 480), (127, 127, 127))
    for number in range(40):
        many.paste(face, (number % 10 * 96, number // 10 * 96))
    many.paste(face.resize((200, 200)), (10, 250))
    assert face_reader().read(encoded(many), alone=True) == NoTemplate("several_faces")
    found = face_reader().read(encoded(many))
    assert isinstance(found, Template)
    assert distance(found, template("obama.jpg")) < face_reader().config.threshold.distance


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_jpeg_that_is_cut_is_rejected(cut: float) -> None:
    content = picture("obama.jpg")
    with pytest.raises(RejectedError) as caught:
        face_reader().read(content[: int(len(content) * cut)])
    assert caught.value.reason == "malformed"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_rejected(content: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        face_reader().read(content)
    assert caught.value.reason == "malformed"


def test_a_hundred_megapixels_in_a_few_kilobytes_are_rejected_before_they_are_decoded() -> None:
    rows, side = zlib.compress(bytes(10_000 * 1_251), 1), (10_000).to_bytes(4)
    chunks = ((b"IHDR", side + side + bytes([1, 0, 0, 0, 0])), (b"IDAT", rows), (b"IEND", b""))
    parts = [len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4) for name, data in chunks]
    assert len(rows) < 100_000
    with pytest.raises(RejectedError) as caught:
        face_reader().read(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    assert caught.value.reason == "too_large"
