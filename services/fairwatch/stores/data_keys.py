"""Data keys of pictures: each wrapped by a master key, in one small store; a key that is deleted is gone everywhere.

What is sealed under a data key may lie in as many backups as it likes: without the key it says nothing. So the keys
must never lie in the same backup: their store is one of its own, without versions, replicated instead of backed up.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.stores.master_key import KEY, MasterKey, Wrapping

NAME = re.compile(r"[a-z0-9-]{1,100}")
REMEMBER_S = 60.0  # a key that another process deleted opens nothing after that
MOST = 10_000  # keys in memory


class DataKeys:
    """Data keys by name.

    Args:
        store: Any obstore store.
        wrapping: Wraps them.
        remember_s: How long one that was read is used without asking again.
    """

    def __init__(self, store: Any, wrapping: Wrapping, *, remember_s: float = REMEMBER_S) -> None:
        self._store, self._wrapping, self._remember_s = store, wrapping, remember_s
        self._known: dict[str, tuple[bytes, float]] = {}

    @classmethod
    def open(cls, url: str, master: Wrapping | str) -> Self:
        """Open `file:///folder` (made when missing) or `s3://bucket/prefix`.

        Args:
            url: Where.
            master: Wraps the keys; as text a master key, 32 bytes in base64.

        Raises:
            ConfigurationError: The URL names no store that is known, or the text is no key.
        """
        master = MasterKey(master) if isinstance(master, str) else master
        try:
            if not url.startswith("file://"):
                return cls(from_url(url), master)
            folder = Path(url.removeprefix("file://"))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(LocalStore(prefix=folder), master)
        except (BaseError, ValueError, OSError) as error:
            scheme = url.split("://", 1)[0]
            raise ConfigurationError(f"FAIRWATCH_MEDIA_KEYS_URL: cannot open a {scheme!r} store: {error}") from error

    @property
    def place(self) -> tuple[Any, Wrapping]:
        """Where the keys lie, and what wraps them."""
        return self._store, self._wrapping

    async def of(self, name: str) -> bytes:
        """Return the key of this name, made where there is none; of two who make it at once both get the same.

        Raises:
            RetryableError: The store does not answer.
        """
        found = await self.known(name)
        if found is not None:
            return found
        key = os.urandom(KEY)
        try:
            await self._store.put_async(_checked(name), self._wrapping.wrap(name, key), mode="create")
        except AlreadyExistsError:
            self._known.pop(name, None)
            return await self.known(name) or await self.of(name)
        except (BaseError, OSError) as error:
            raise RetryableError(f"store of data keys: {error}") from error
        self._note(name, key)
        return key

    async def known(self, name: str) -> bytes | None:
        """Return the key of this name, or None: there never was one, or it was deleted.

        Raises:
            RetryableError: The store does not answer.
        """
        key, until = self._known.get(name, (b"", 0.0))
        if time.monotonic() < until:
            return key
        try:
            answer = await self._store.get_async(_checked(name))
            wrapped = bytes(await answer.bytes_async())
        except FileNotFoundError:
            self._known.pop(name, None)
            return None
        except (BaseError, OSError) as error:
            raise RetryableError(f"store of data keys: {error}") from error
        key = self._wrapping.unwrap(name, wrapped)
        self._note(name, key)
        return key

    async def names(self) -> set[str]:
        """Return the names of all keys; RetryableError where the store does not answer."""
        try:
            paths = [meta["path"] async for batch in self._store.list() for meta in batch]
        except (BaseError, OSError) as error:
            raise RetryableError(f"store of data keys: {error}") from error
        return {path for path in paths if NAME.fullmatch(path)}

    async def delete(self, names: Iterable[str]) -> int:
        """Delete keys and return how many of them were there; RetryableError where the store does not answer."""
        deleted = 0
        try:
            for name in names:
                self._known.pop(name, None)
                try:
                    await self._store.head_async(_checked(name))
                except FileNotFoundError:
                    continue
                await self._store.delete_async(name)
                deleted += 1
        except (BaseError, OSError) as error:
            raise RetryableError(f"store of data keys: {error}") from error
        return deleted

    def _note(self, name: str, key: bytes) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[name] = (key, time.monotonic() + self._remember_s)


class GalleryKeys:
    """Data keys of sealed gallery files, for threads; every method raises OSError where their store does not answer.

    Args:
        store: Any obstore store.
        wrapping: Wraps them.
    """

    PREFIX = "gallery-"

    def __init__(self, store: Any, wrapping: Wrapping) -> None:
        self._store, self._wrapping = store, wrapping

    @classmethod
    def of(cls, keys: DataKeys) -> Self:
        """Return those that lie in the store of other data keys."""
        return cls(*keys.place)

    def make(self, name: str) -> bytes:
        """Return a new key under this name."""
        key, path = os.urandom(KEY), _checked(self.PREFIX + name)
        with _as_os_error():
            self._store.put(path, self._wrapping.wrap(path, key), mode="create")
        return key

    def known(self, name: str) -> bytes | None:
        """Return the key of this name; None where it was deleted, or never was."""
        path = _checked(self.PREFIX + name)
        with _as_os_error():
            try:
                return self._wrapping.unwrap(path, bytes(self._store.get(path).bytes()))
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """Delete a key, if it is there."""
        with _as_os_error(), suppress(FileNotFoundError):
            self._store.delete(_checked(self.PREFIX + name))


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        raise OSError(f"store of data keys: {error}") from error


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a data key")
    return name
