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
    """

    def __init__(self, store: Any, *, limit_bytes: int = LIMIT_BYTES, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._limit = limit_bytes
        self._keeps_mime = not isinstance(store, LocalStore)

    @classmethod
    def open(cls, url: str, *, limit_bytes: int = LIMIT_BYTES) -> "MediaStore":
        """Open `file:///folder` (made when missing), `s3://bucket/prefix`, or `./media` for an empty URL.

        Raises:
            ConfigurationError: The URL names no store that is known.
        """
        folder = url.removeprefix("file://") if url else "media"
        if not url or url.startswith("file://"):
            return cls(_local(Path(folder).resolve()), limit_bytes=limit_bytes, folder=Path(folder).resolve())
        try:
            return cls(from_url(url), limit_bytes=limit_bytes)
        except (BaseError, ValueError) as error:
            scheme = url.split("://", 1)[0]
            raise ConfigurationError(f"FAIRWATCH_MEDIA_URL: cannot open a {scheme!r} store: {error}") from error

    async def put(self, data: bytes, mime: str) -> str:
        """Keep the bytes and return their URI.

        Raises:
            RejectedError: too_large.
            RetryableError: The store does not answer.
        """
        if len(data) > self._limit:
            raise RejectedError("too_large", f"media of {len(data)} bytes exceeds {self._limit}", "media")
        uri = media_uri(data)
        attributes = {"Content-Type": mime} if self._keeps_mime and mime else None
        try:
            await self._store.put_async(_path(uri), data, attributes=attributes)
            if self._folder:
                _close(self._folder, _path(uri))
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        return uri

    async def get(self, uri: str) -> bytes:
        """Return the bytes.

        Raises:
            RejectedError: media_unavailable: not in this store, deleted by retention, or altered.
            RetryableError: The store does not answer.
        """
        path = _path(uri)
        try:
            answer = await self._store.get_async(path)
            if answer.meta["size"] > self._limit:
                raise RejectedError("too_large", f"{uri} has {answer.meta['size']} bytes, limit {self._limit}", "uri")
            data = bytes(await answer.bytes_async())
        except FileNotFoundError as error:
            raise RejectedError("media_unavailable", f"{uri} is not in the media store", "uri") from error
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        # A picture that was exchanged on disk must not become evidence.
        if await asyncio.to_thread(media_uri, data) != uri:
            raise RejectedError("media_unavailable", f"{uri} was altered in the media store", "uri")
        return data

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
        deleted = 0
        try:
            async for batch in self._store.list():
                ours = [(meta["path"], meta["last_modified"]) for meta in batch if OBJECT.fullmatch(meta["path"])]
                old = [path for path, written in ours if written < cutoff and _uri(path) not in keep]
                if old:
                    await self._store.delete_async(old)
                    deleted += len(old)
        except (BaseError, OSError) as error:
            raise RetryableError(f"media store: {error}") from error
        return deleted

    async def delete(self, uris: Iterable[str]) -> int:
        """Delete these and return how many of them were there; what is no reference of ours is passed over.

        Raises:
            RetryableError: The store does not answer.
        """
        deleted = 0
        try:
            for path in [_path(uri) for uri in uris if URI.fullmatch(uri)]:
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


def _path(uri: str) -> str:
    match = URI.fullmatch(uri)
    if not match:
        # The URI itself may be a maker's URL with credentials in it: name only its scheme.
        raise RejectedError("media_unavailable", f"not a {SCHEME} reference: {uri.split(':', 1)[0][:20]!r}", "uri")
    digest = match[1]
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _uri(path: str) -> str:
    return SCHEME + path.rsplit("/", 1)[-1]
