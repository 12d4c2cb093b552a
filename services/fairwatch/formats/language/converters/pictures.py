"""Pictures: inline bytes go to the media store, and only a reference stays."""

import base64
import binascii
from typing import Any, Final

from fairwatch.formats.bodies.pictures import bare
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text

_SIGNATURES: Final = (
    (b"\xff\xd8", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"RIFF", "image/webp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x00", "video/mp4"),
)
SCHEME: Final = "fw-media:"


def media_type(body: bytes, fallback: str = "application/octet-stream") -> str:
    """Return the media type that the first bytes show."""
    return next((mime for signature, mime in _SIGNATURES if body.startswith(signature)), fallback)


def reference(sha256: str, size: int, mime: str) -> dict[str, Any]:
    """Return the fields of a MediaRef for bytes that the hub keeps."""
    return {"uri": SCHEME + sha256, "sha256": sha256, "mime": mime, "bytes": size}


def read_base64(text: str) -> bytes:
    """Return the picture in a base64 text, without its metadata; also as a data URI and with line breaks.

    Raises:
        ValueError: It is no base64, or no picture.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        body = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the picture is not base64") from error
    return bare(body)[0]


@converter("inline_picture")
def inline_picture() -> Converter:
    """A base64 picture; the row's canonical path is the MediaRef itself, merged with the rows beside it."""

    def decode(value: Any, env: Environment) -> dict[str, Any]:
        body = read_base64(as_text(value))
        mime = media_type(body)
        return reference(env.keep(body, mime), len(body), mime)

    return Converter(decode, None, exact=False)


@converter("picture_uri")
def picture_uri() -> Converter:
    """A picture by the source's own address."""
    return Converter(
        lambda value, _: as_text(value), lambda value: None if value.startswith(SCHEME) else value, inline="v"
    )
