"""Pictures and clips by the SHA-256 of their bytes, in a folder, S3 or any other object store."""

import asyncio
import hashlib
import os
import re
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.stores.media_seal import HEAD, OVERHEAD, MediaSeal, key_name

SCHEME = "fw-media:"
LIMIT_BYTES = 16 * 1024 * 1024
FILE_MODE, FOLDER_MODE = 0o600, 0o700
OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}")  # what else lies there is another store's
URI = re.compile(r"fw-media:([0-9a-f]{64})")


def media_uri(data: bytes) -> str:
    """Return the URI that these bytes have in every media store."""
    return SCHEME + hashlib.sha256(data).hexdigest()


class MediaStore:
    """Content-addressed objects at `ab/cd/<sha256>`; a write is atomic and writing twice is one object.

    Writing again renews the object's age, so that a picture which is still being sent outlives the retention of
    its first copy. In a folder nobody but its owner may look: folders are 0700, files 0600.

    Args:
        store: Any obstore store.
        limit_bytes: Size above which an object is refused.
        folder: Where a local store lies.
        seal: Seals what is put; what was put without one can be read all the same.
    """

    def __init__(
        self,
        store: Any,
        *,
        limit_bytes: int = LIMIT_BYTES,
        folder: Path | None = None,
        seal: MediaSeal | None = None,
    ) -> None:
        self._store = store
        self._seal = seal
        self._owned: set[str] = set()
        self._folder = folder
        self._limit = limit_bytes
        self._keeps_mime = not isinstance(store, LocalStore)

    @classmethod
    def open(cls, url: str, *, limit_bytes: int = LIMIT_BYTES, seal: MediaSeal | None = None) -> "MediaStore":
        """Open `file:///folder` (made when missing), `s3://bucket/prefix`, or `./media` for an empty URL.

        Raises:
            ConfigurationError: The URL names no store that is known.
        """
        folder = url.removeprefix("file://") if url else "media"
        if not url or url.startswith("file://"):
            place = Path(folder).resolve()
            return cls(_local(place), limit_bytes=limit_bytes, folder=place, seal=seal)
        try:
            return cls(from_url(url), limit_bytes=limit_bytes, seal=seal)
        except (BaseError, ValueError) as error:
            scheme = url.split("://", 1)[0]
            raise ConfigurationError(f"FAIRWATCH_MEDIA_URL: cannot open a {scheme!r} store: {error}") from error

    @property
    def sealed(self) -> bool:
        """Whether what is put is sealed under data keys."""
        return self._seal is not None

    async def put(self, data: bytes, mime: str, *, own: bool = False) -> str:
        """Keep the bytes and return their URI; `own`: under a data key of their own, where they are sealed.

        Raises:
            RejectedError: too_large.
            RetryableError: The store does not answer.
        """
        if len(data) > self._limit:
            raise RejectedError("too_large", f"media of {len(data)} bytes exceeds {self._limit}", "media")
        uri = media_uri(data)
        kept = await self._seal.close(_digest(uri), data, own=own) if self._seal else data
        await self._write(uri, kept, mime)
        return uri

    async def _write(self, uri: str, kept: bytes, mime: str = "") -> None:
        attributes = {"Content-Type": mime} if self._keeps_mime and mime else None
        try:
            await self._store.put_async(path_of(uri), kept, attributes=attributes)
            if self._folder:
                _close(self._folder, path_of(uri))
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error

    async def get(self, uri: str) -> bytes:
        """Return the bytes.

        Raises:
            RejectedError: media_unavailable: not in this store, deleted by retention, or altered.
            RetryableError: The store does not answer.
        """
        data = await self._opened(uri, await self.kept(uri))
        # A picture that was exchanged on disk must not become evidence.
        if await asyncio.to_thread(media_uri, data) != uri:
            raise RejectedError("media_unavailable", f"{uri} was altered in the media store", "uri")
        return data

    async def kept(self, uri: str) -> bytes:
        """Return an object as it lies there, sealed or not; raises as `get`."""
        path = path_of(uri)
        try:
            answer = await self._store.get_async(path)
            if answer.meta["size"] > self._limit + OVERHEAD:
                raise RejectedError("too_large", f"{uri} has {answer.meta['size']} bytes, limit {self._limit}", "uri")
            return bytes(await answer.bytes_async())
        except FileNotFoundError as error:
            raise RejectedError("media_unavailable", f"{uri} is not in the media store", "uri") from error
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error

    async def put_kept(self, uri: str, kept: bytes) -> None:
        """Put an object back as `kept` gave it, such as from a backup.

        Raises:
            RejectedError: media_unavailable: its data key was deleted since, or it is not what the URI says.
            RetryableError: The store does not answer.
        """
        if media_uri(await self._opened(uri, kept)) != uri:
            raise RejectedError("media_unavailable", f"{uri} is not the picture that it is named after", "uri")
        await self._write(uri, kept)

    async def own(self, uri: str) -> bool:
        """Give an object a data key of its own, where it is sealed under the key of its day; tell whether it has one.

        Raises:
            RetryableError: The store does not answer.
        """
        if self._seal is None or uri in self._owned:
            return self._seal is not None
        try:
            head = bytes(await self._store.get_range_async(path_of(uri), start=0, length=HEAD))
            if not self._seal.owns(head):
                await self.put(await self.get(uri), "", own=True)
        except (RejectedError, FileNotFoundError):
            return False
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        self._owned.add(uri)
        return True

    async def _opened(self, uri: str, kept: bytes) -> bytes:
        if self._seal is not None:
            return await self._seal.open(_digest(uri), kept)
        if key_name(kept) is not None:
            raise RejectedError("media_unavailable", f"{uri} is sealed, and FAIRWATCH_MEDIA_KEY is not set", "uri")
        return kept

    async def delete_older_than(self, seconds: float, clock: Clock, keep: Container[str] = ()) -> int:
        """Delete what was last written more than `seconds` ago and return how many objects that were.

        Args:
            seconds: Retention.
            clock: Says what time it is.
            keep: URIs that stay whatever their age, such as enrolment pictures.

        Raises:
            RetryableError: The store does not answer.
        """
        cutoff = datetime.fromtimestamp(clock.now() / 1_000_000 - seconds, tz=UTC)
        deleted, known = 0, await self._seal.own_keys() if self._seal else frozenset[str]()
        try:
            async for batch in self._store.list():
                ours = [(meta["path"], meta["last_modified"]) for meta in batch if OBJECT.fullmatch(meta["path"])]
                old = [path for path, written in ours if written < cutoff and _uri(path) not in keep]
                for path, written in ours:
                    if written < cutoff and _uri(path) in keep:
                        await self.own(_uri(path))  # before the key of its day goes
                if old and self._seal is not None:  # first the keys: nobody would look for them again
                    await self._seal.forget([_digest(_uri(path)) for path in old], known)
                if old:
                    await self._store.delete_async(old)
                    deleted += len(old)
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        if self._seal is not None:
            await self._seal.forget_days(cutoff)
        return deleted

    async def delete(self, uris: Iterable[str]) -> int:
        """Delete these and return how many of them were there; what is no reference of ours is passed over.

        The data keys of their own go first: then they are gone in every backup.

        Raises:
            RetryableError: The store does not answer.
        """
        deleted, ours = 0, [uri for uri in uris if URI.fullmatch(uri)]
        if self._seal is not None:
            await self._seal.forget([_digest(uri) for uri in ours])
            self._owned.difference_update(ours)
        try:
            for path in map(path_of, ours):
                try:
                    await self._store.head_async(path)
                except FileNotFoundError:
                    continue
                await self._store.delete_async(path)
                deleted += 1
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        return deleted


def raw_url(media_url: str) -> str:
    """Return where raw bodies lie that are too large for their topic: a store of their own within the media store's."""
    return f"{media_url.rstrip('/')}/raw" if media_url else f"file://{Path('media').resolve()}/raw"


def _local(folder: Path) -> LocalStore:
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(FOLDER_MODE)
    return LocalStore(prefix=folder)


def _close(folder: Path, path: str) -> None:
    """Let nobody but the owner read an object; the store makes files and folders as its process's umask says."""
    place = folder / path
    with suppress(FileNotFoundError, PermissionError):  # deleted meanwhile; written by another account, which closed it
        place.chmod(FILE_MODE)
        for above in (place.parent, place.parent.parent):
            above.chmod(FOLDER_MODE)


def path_of(uri: str) -> str:
    """Return where an object lies in its store; RejectedError(media_unavailable) for what is no reference of ours."""
    match = URI.fullmatch(uri)
    if not match:
        # The URI itself may be a maker's URL with credentials in it: name only its scheme.
        raise RejectedError("media_unavailable", f"not a {SCHEME} reference: {uri.split(':', 1)[0][:20]!r}", "uri")
    digest = match[1]
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _digest(uri: str) -> str:
    return uri.removeprefix(SCHEME)


def _uri(path: str) -> str:
    return SCHEME + path.rsplit("/", 1)[-1]
