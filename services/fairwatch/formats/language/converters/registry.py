"""How a converter is named and found.

A converter is written in a declaration as `name arg arg`; a factory of that name takes the arguments, returns the pair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Decode = Callable[..., Any]
Encode = Callable[[Any], Any]
Factory = Callable[..., "Converter"]

_FACTORIES: dict[str, Factory] = {}


@dataclass(frozen=True, slots=True)
class Converter:
    """A pair of functions.

    Attributes:
        decode: (source value, Environment, **with) -> canonical value, or None for absent; ValueError, TypeError,
            KeyError, IndexError, AttributeError or OverflowError when the value is impossible.
        encode: Canonical value -> source value, or None when it cannot be written; absent when the format is only read.
        scalar: Takes a text, number or boolean; a dict or a list is taken whole otherwise.
        exact: What is read can be written again without a difference.
        quick: The same as `decode` for a text that is not empty, where that needs no environment, cannot fail and is
            never absent.
        inline: The same as `quick` as a Python expression of the text `v`, where one is short.
    """

    decode: Decode
    encode: Encode | None = None
    scalar: bool = True
    exact: bool = True
    quick: Callable[[str], Any] | None = None
    inline: str = ""


def converter(name: str) -> Callable[[Factory], Factory]:
    """Register a factory of converters under a name."""

    def register(factory: Factory) -> Factory:
        if name in _FACTORIES:
            raise ValueError(f"two converters are named {name}")
        _FACTORIES[name] = factory
        return factory

    return register


def build(text: str) -> Converter:
    """Return the converter that a declaration names, e.g. `code hikvision:plateColor`.

    Raises:
        ValueError: There is none of that name, or it takes other arguments.
    """
    name, *arguments = text.split()
    if name not in _FACTORIES:
        raise ValueError(f"no converter is named {name!r}")
    try:
        return _FACTORIES[name](*arguments)
    except TypeError as error:
        raise ValueError(f"converter {text!r}: {error}") from error


def names() -> frozenset[str]:
    """Return the names of all converters."""
    return frozenset(_FACTORIES)
