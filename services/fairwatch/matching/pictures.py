"""Pictures from strangers to arrays: decoding with limits, cropping, aligning."""

import io
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fairwatch.domain.errors import RejectedError

MOST_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")

Box = tuple[float, float, float, float]


def decode(content: bytes, longest_side: int = 0) -> Image.Image:
    """Return a picture in RGB, upright; RejectedError(malformed, too_large) when it is none or too large.

    Args:
        content: An encoded picture.
        longest_side: Pixels that are enough: a larger JPEG may be decoded at a half, quarter or eighth of its size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise RejectedError("too_large", f"picture has {picture.width}x{picture.height} pixels", "media")
            if longest_side:
                picture.draft("RGB", (longest_side, longest_side))
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RejectedError("too_large", "picture has too many pixels", "media") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, OverflowError) as error:
        raise RejectedError("malformed", "picture cannot be decoded", "media") from error


def crop(picture: Image.Image, box: Box, margin: float) -> Image.Image:
    """Return the part within a box in [0,1], widened on each side by `margin` of its size; all for an empty box."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    dx, dy = (x1 - x0) * margin, (y1 - y0) * margin
    left, top = max(0.0, x0 - dx) * picture.width, max(0.0, y0 - dy) * picture.height
    right, bottom = min(1.0, x1 + dx) * picture.width, min(1.0, y1 + dy) * picture.height
    if right - left < 1 or bottom - top < 1:
        return picture
    return picture.crop((int(left), int(top), round(right), round(bottom)))


def pad(picture: Image.Image, margin: float) -> Image.Image:
    """Return the picture within a grey frame: detectors miss faces that touch the edge, as they do in face crops."""
    dx, dy = round(picture.width * margin), round(picture.height * margin)
    return ImageOps.expand(picture, (dx, dy, dx, dy), fill=(127, 127, 127))


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn, scale and shift [2,3] that brings points [n,2] closest to others (least squares)."""
    a, b = source - source.mean(0), target - target.mean(0)
    size = max(float((a**2).sum()), 1e-9)
    cosine = float((a * b).sum()) / size
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([turn, (target.mean(0) - turn @ source.mean(0))[:, None]])


def align(
    picture: Image.Image, landmarks: NDArray[np.float64], template: Sequence[tuple[float, float]], side: int
) -> Image.Image:
    """Return the square of `side` pixels in which the five landmarks [5,2] (pixels) lie where the template says."""
    back = similarity(np.asarray(template, float), landmarks)  # where each pixel of the square comes from
    shrink = int(np.hypot(back[0, 0], back[1, 0]))
    if shrink > 1:  # bilinear sampling skips pixels of a much larger face
        picture, back = picture.reduce(shrink), back / shrink
    return picture.transform((side, side), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BILINEAR)
