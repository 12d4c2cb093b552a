"""Data keys are wrapped anew under another master key; the data that they seal is not touched.

A key that somebody deletes meanwhile has to stay deleted: that is what an erasure rests on. So nothing is written but
over what was read: in a folder into the file that is there, in an object store where the object is still the same.
What an interrupted rotation did is kept; the next one does the rest.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from obstore.exceptions import BaseError, PreconditionError
from obstore.store import LocalStore

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.stores.master_key import CURRENT, OTHER, MasterKeys

TRIES = 5
# renewed: wrapped anew; current: was already; deleted: by somebody, meanwhile; lost: by neither of the two master keys
Fate = Literal["renewed", "current", "other", "deleted", "lost"]


@dataclass(slots=True)
class Wrapped:
    """How data keys are wrapped, or what a rotation did: how many of each, and the names of those that are lost."""

    counts: Counter[Fate] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def note(self, name: str, fate: Fate) -> None:
        """Count one."""
        self.counts[fate] += 1
        if fate == "lost":
            self.lost.append(name)


async def wrapped(store: Any, masters: MasterKeys, names: Iterable[str]) -> Wrapped:
    """Tell by which master key these data keys are wrapped.

    Raises:
        RetryableError: Their store does not answer.
    """
    found = Wrapped()
    for name in names:
        lying = await _read(store, name)
        found.note(name, _fate(masters, name, lying[0]) if lying else "deleted")
    return found


async def rotate(store: Any, masters: MasterKeys, names: Iterable[str]) -> Wrapped:
    """Wrap these data keys under the current master key, where the other one wrapped them.

    Raises:
        ConfigurationError: There is no other, or the store cannot replace an object only where it is unchanged.
        RetryableError: The store does not answer; what was done stays done.
    """
    if masters.other is None:
        raise ConfigurationError(f"{OTHER}: name the old master key, and the new one as {CURRENT}")
    found = Wrapped()
    for name in names:
        found.note(name, await _renew(store, masters, name))
    return found


async def _renew(store: Any, masters: MasterKeys, name: str) -> Fate:
    for _ in range(TRIES):
        lying = await _read(store, name)
        if lying is None:
            return "deleted"
        fate = _fate(masters, name, lying[0])
        if fate != "other":
            return fate
        if await _replace(store, name, masters.wrap(name, masters.unwrap(name, lying[0])), lying[1]):
            return "renewed"
    raise RetryableError(f"store of data keys: {name} changes all the time")


def _fate(masters: MasterKeys, name: str, lying: bytes) -> Fate:
    if masters.current.opened(name, lying) is not None:
        return "current"
    return "other" if masters.other and masters.other.opened(name, lying) is not None else "lost"


async def _read(store: Any, name: str) -> tuple[bytes, str] | None:
    """Return what lies there, and the tag of that version; None where nothing does."""
    try:
        answer = await store.get_async(name)
        return bytes(await answer.bytes_async()), answer.meta["e_tag"] or ""
    except FileNotFoundError:
        return None
    except (BaseError, OSError) as error:
        raise RetryableError(f"store of data keys: {error}") from error


async def _replace(store: Any, name: str, key: bytes, tag: str) -> bool:
    """Replace an object where it is still the same; tell whether it was."""
    try:
        if isinstance(store, LocalStore):
            return _write_over(Path(str(store.prefix), name), key)
        await store.put_async(name, key, mode={"e_tag": tag})
    except PreconditionError:
        return False
    except NotImplementedError:
        raise ConfigurationError(
            "FAIRWATCH_MEDIA_KEYS_URL: this store cannot replace an object only where it is unchanged"
        ) from None
    except (BaseError, OSError) as error:
        raise RetryableError(f"store of data keys: {error}") from error
    return True


def _write_over(path: Path, key: bytes) -> bool:
    """Write into a file that is there, and into no new one; its 60 bytes lie in one block, and change at once."""
    try:
        with path.open("r+b") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    return True
