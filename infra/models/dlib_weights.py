"""Reads the layers of a network that dlib serialised, without dlib."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TENSOR_VERSION = 2
# A layer starts with its tag, written as a dlib string: 0x01 (one length byte), the length, the characters.
LAYER = re.compile(rb"\x01\x05(con_4)|\x01\x07(affine_)|\x01\x04(fc_2)")


@dataclass(frozen=True)
class Layer:
    """One layer with weights: `kind` is con_4, affine_ or fc_2; `weights` float32 [n], flat as in the file."""

    kind: str
    weights: NDArray[np.float32]


class Reader:
    """A cursor over dlib's serialisation."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self._content = content
        self.position = position

    def integer(self) -> int:
        """Read a variable-length integer: a control byte (sign, count), then little-endian bytes."""
        control = self._content[self.position]
        start, end = self.position + 1, self.position + 1 + (control & 0x0F)
        self.position = end
        magnitude = int.from_bytes(self._content[start:end], "little")
        return -magnitude if control & 0x80 else magnitude

    def tensor(self) -> NDArray[np.float32]:
        """Read a tensor as a flat float32 array; ValueError when it is of another version."""
        if (version := self.integer()) != TENSOR_VERSION:
            raise ValueError(f"tensor version {version}, expected {TENSOR_VERSION}: not the expected .dat file")
        size = 1
        for _ in range(4):
            size *= self.integer()
        values = np.frombuffer(self._content, "<f4", size, self.position).copy()
        self.position += 4 * size
        return values


def layers(content: bytes) -> Iterator[Layer]:
    """Give the layers in file order, which is from the input to the output."""
    end = 0
    for match in LAYER.finditer(content):
        if match.start() < end:  # weights that happen to look like a tag
            continue
        kind = next(tag for tag in match.groups() if tag).decode()
        reader = Reader(content, match.end())
        if kind == "fc_2":
            reader.integer()  # outputs
            reader.integer()  # inputs
        weights = reader.tensor()
        end = reader.position
        yield Layer(kind, weights)
