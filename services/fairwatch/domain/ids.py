"""Deterministic ids: the same thing gets the same id on every replay."""

from uuid import UUID, uuid5

NAMESPACE = UUID("5b1c6f0e-6a5d-5d0f-9a53-8f6f2f6c1a11")


def stable_id(kind: str, *parts: object) -> str:
    r"""Return the UUIDv5 of `kind` and the parts that make the thing unique (joined by U+001F).

    >>> stable_id("observation", "cam-1", 7) == stable_id("observation", "cam-1", "7")
    True
    """
    return str(uuid5(NAMESPACE, "\x1f".join((kind, *map(str, parts)))))
