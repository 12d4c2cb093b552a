"""Rows of a gallery in four bits a number, with what is needed to prove that a row is too far away.

A row x becomes s·c + r: whole numbers c in -8..7, one scale s, and a remainder r that is orthogonal to c. A probe q
becomes q' on a grid of 8-bit numbers. Then x·q = s·c·q' + r·q' + x·(q-q'), and by Cauchy and Schwarz the last two are
at most |r||q'| and |x||q-q'|: what cannot reach the threshold even with these is never looked at again, and nothing
else is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LOW, HIGH = -8, 7
SCALES = (0.55, 0.65, 0.75, 0.85)  # of a row's largest number: what is tried for the smallest remainder
GRID = 127
BLOCKS = (256, 128, 64, 32, 16)  # numbers that share a scale in onnxruntime's MatMulNBits
AT_ONCE = 8192  # rows that are worked on at once: the cache holds them


@dataclass(frozen=True, slots=True)
class Codes:
    """Coded rows.

    Attributes:
        packed: uint8 [n, blocks, block / 2], two numbers a byte, as MatMulNBits reads them.
        scales: float32 [n * blocks].
        remainder: float32 [n]: |r|, rounded up.
        half_square: float32 [n]: |x|² / 2.
        longest: The largest |x|.
    """

    packed: NDArray[np.uint8]
    scales: Floats
    remainder: Floats
    half_square: Floats
    longest: float


def width(dimensions: int) -> tuple[int, int]:
    """Return to how many numbers a row is filled up, and how many of them make a block.

    >>> width(512), width(128), width(2)
    ((512, 256), (128, 128), (16, 16))
    """
    filled = -(-dimensions // BLOCKS[-1]) * BLOCKS[-1]
    return filled, next(block for block in BLOCKS if filled % block == 0)


def encode(rows: Floats) -> Codes:
    """Code rows [n,d]."""
    filled, block = width(rows.shape[1])
    parts = [_part(rows[start : start + AT_ONCE], filled) for start in range(0, len(rows), AT_ONCE)]
    packed, scales, remainder, squares = (np.concatenate([part[place] for part in parts]) for place in range(4))
    return Codes(
        packed.reshape(len(rows), filled // block, block // 2),
        np.repeat(scales, filled // block),
        remainder,
        (squares / 2).astype(np.float32),
        float(np.sqrt(squares.max())),
    )


def _part(rows: Floats, filled: int) -> tuple[NDArray[np.uint8], Floats, Floats, Floats]:
    """Return packed codes [n, filled / 2], scales, remainders and squares of some rows."""
    rows = np.pad(rows, ((0, 0), (0, filled - rows.shape[1])))
    squares = np.einsum("nd,nd->n", rows, rows, dtype=np.float64)
    largest = np.abs(rows).max(1)
    largest[largest == 0] = 1
    best = np.zeros_like(rows)
    shadow, scales = np.zeros(len(rows)), np.zeros(len(rows))  # |x's part along c|²: the larger, the smaller r
    for share in SCALES:
        codes = np.clip(np.rint(rows * (HIGH / share / largest)[:, None]), LOW, HIGH).astype(np.float32)
        along = np.einsum("nd,nd->n", rows, codes, dtype=np.float64)
        length = np.maximum(np.einsum("nd,nd->n", codes, codes, dtype=np.float64), 1.0)
        better = along * along / length > shadow
        best[better] = codes[better]
        shadow[better] = (along * along / length)[better]
        scales[better] = (along / length)[better]
    scale = scales.astype(np.float32)
    remainder = np.sqrt(((rows - scale[:, None] * best) ** 2).sum(1, dtype=np.float64))
    codes8 = (best - LOW).astype(np.uint8)
    rounded_up = np.nextafter(remainder.astype(np.float32), np.float32(np.inf))
    packed: NDArray[np.uint8] = codes8[:, 0::2] | (codes8[:, 1::2] << np.uint8(4))
    return packed, scale, rounded_up, squares.astype(np.float32)


def decode(codes: Codes, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return s·c [k, filled] of some rows."""
    packed = codes.packed[rows].reshape(len(rows), -1)
    numbers = np.empty((len(rows), packed.shape[1] * 2))
    numbers[:, 0::2], numbers[:, 1::2] = (packed & 15), (packed >> 4)
    blocks = codes.packed.shape[1]
    return (numbers + LOW) * codes.scales.reshape(-1, blocks)[rows, :1].astype(np.float64)


def on_grid(probes: Floats) -> tuple[Floats, NDArray[np.float64]]:
    """Return probes [m, filled] on the grid that MatMulNBits reads them with, and |q-q'| [m]."""
    filled, block = width(probes.shape[1])
    padded = probes
    if filled > probes.shape[1]:
        padded = np.pad(probes, ((0, 0), (0, filled - probes.shape[1])))
    blocks = padded.reshape(len(probes), filled // block, block)
    step = np.abs(blocks).max(2, keepdims=True) / np.float32(GRID)
    step[step == 0] = 1
    gridded = (np.rint(blocks / step) * step).astype(np.float32, copy=False).reshape(len(probes), filled)
    lost = padded.astype(np.float64) - gridded
    return gridded, np.sqrt(np.einsum("nd,nd->n", lost, lost))
