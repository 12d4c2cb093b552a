"""Pictures that the simulated cameras send: drawn cars, and public-domain portraits that stand in for a face."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fairwatch.domain.errors import ConfigurationError

SIZE = (640, 400)


def jpeg(image: Image.Image) -> bytes:
    """Return the picture as a JPEG."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=88)
    return out.getvalue()


def car(plate: str) -> bytes:
    """Draw the rear of a blue car with its plate."""
    image = Image.new("RGB", SIZE, (148, 156, 160))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 250, 640, 400), fill=(84, 86, 88))
    draw.rounded_rectangle((150, 60, 490, 210), 40, fill=(28, 62, 118))
    draw.polygon([(190, 130), (215, 80), (425, 80), (450, 130)], fill=(30, 34, 40))
    draw.rounded_rectangle((110, 150, 530, 330), 30, fill=(34, 74, 140))
    for x in (125, 455):
        draw.rounded_rectangle((x, 175, x + 60, 210), 8, fill=(170, 24, 24))
    for x in (140, 440):
        draw.rounded_rectangle((x, 315, x + 60, 365), 10, fill=(18, 18, 18))
    draw.rounded_rectangle((220, 235, 420, 285), 5, fill=(245, 245, 240), outline=(20, 20, 20), width=2)
    draw.text((320, 260), plate, fill=(10, 10, 10), font=ImageFont.load_default(34), anchor="mm")
    return jpeg(image)


def portrait(folder: Path, name: str, longest: int = 720) -> tuple[bytes, int, int]:
    """Return a portrait as JPEG bytes with its width and height in pixels."""
    path = folder / name
    if not path.exists():
        raise ConfigurationError(
            f"{path} is missing: run `make models`, which builds the models and fetches the pictures"
        )
    image = Image.open(path).convert("RGB")
    image.thumbnail((longest, longest))
    return jpeg(image), image.width, image.height
