"""Hashes by which plates are looked up, of many at once: whole ones, and each with one character left out.

A hash is the sum of a plate's characters, each times a secret number of its place. What is left of a plate without one
of its characters is then the sum of what stands before it and of what stands behind it, moved by one place.
"""

import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 32  # characters that count: longer plates that begin alike cost a comparison, nothing else
AT_ONCE = 16_384  # plates that are worked on at once: the cache holds them

Keys = NDArray[np.uint32]
_Sums = NDArray[np.uint64]

_PLACES = np.array([secrets.randbits(64) | 1 for _ in range(LONGEST)], np.uint64)


def hashes(texts: Sequence[str]) -> Keys:
    """Return the hash of each text, uint32 [n]."""
    parts = [_whole(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint32)


def shortened_hashes(texts: Sequence[str]) -> tuple[Keys, Keys]:
    """Return the hashes of all that a text can be without one of its characters, and the number of the text of each."""
    parts = [_shortened(texts[start : start + AT_ONCE], start) for start in range(0, len(texts), AT_ONCE)]
    empty = np.zeros(0, np.uint32)
    keys, owners = zip(*parts, strict=True) if parts else ((empty,), (empty,))
    return np.concatenate(keys), np.concatenate(owners)


def _whole(texts: Sequence[str]) -> Keys:
    codes = _codes(texts, LONGEST)
    return _top((codes * _PLACES[: codes.shape[1]]).sum(1, dtype=np.uint64))


def _shortened(texts: Sequence[str], first: int) -> tuple[Keys, Keys]:
    codes = _codes(texts, LONGEST + 1)
    width = codes.shape[1]
    places = np.zeros(width, np.uint64)
    places[: min(width, LONGEST)] = _PLACES[:width]
    before = np.zeros((len(texts), width), np.uint64)
    np.cumsum(codes[:, :-1] * places[:-1], axis=1, out=before[:, 1:])
    moved = codes[:, 1:] * places[: width - 1]
    behind = np.zeros((len(texts), width), np.uint64)
    behind[:, :-1] = np.cumsum(moved[:, ::-1], axis=1)[:, ::-1]
    counts = codes != 0
    counts[:, 1:] &= codes[:, 1:] != codes[:, :-1]  # without either of two that are alike, the same is left
    owners = np.nonzero(counts)[0] + first
    return _top((before + behind)[counts]), owners.astype(np.uint32)


def _codes(texts: Sequence[str], most: int) -> _Sums:
    """Return the characters of texts as numbers [n, width], filled up with noughts."""
    width = max(1, min(most, max(map(len, texts))))
    return np.array(texts, f"U{width}").view(np.uint32).reshape(len(texts), width).astype(np.uint64)


def _top(sums: _Sums) -> Keys:
    return (sums >> np.uint64(32)).astype(np.uint32)
