"""The file of checkpoints of the audit log: one JSON document a line, each naming the one before."""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping
from os import SEEK_END
from pathlib import Path
from typing import Any

import orjson

from fairwatch.domain.errors import ConfigurationError, RestartError, RetryableError
from fairwatch.policy.audit_anchor import digest
from fairwatch.policy.merkle import FIRST

NAME = "audit.checkpoints"  # in the folder of anchors
TAIL = 1 << 20  # bytes from the end in which the last line lies whole


class CheckpointFile:
    """Checkpoints on a volume that whoever can write to Kafka cannot write.

    A last line without its end was being written when the machine stopped: it counts as not written.
    """

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = 0, 0  # checkpoints that `after` told, and where in the file they end

    def read(self) -> list[dict[str, Any]]:
        """Return the checkpoints, oldest first; none where there is no file; ConfigurationError as `each`."""
        return list(self.each())

    def each(self) -> Iterator[dict[str, Any]]:
        """Yield the checkpoints, oldest first, one in memory at a time: a file of years holds a hundred thousand.

        Raises:
            ConfigurationError: It cannot be read, or holds something else.
        """
        try:
            with self._path.open("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n"):
                        yield _parsed(self._path, line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be read: {error.strerror}") from error

    def after(self, count: int) -> list[dict[str, Any]] | None:
        """Return what was added after so many, of which the last call told; None where these are not there any more.

        Only what is new is read: a search does not go through the file of a year.
        """
        known, place = self._told if count else (0, 0)
        try:
            with self._path.open("rb") as lines:
                if known != count or lines.seek(0, SEEK_END) < place:
                    return None
                lines.seek(place)
                found = [line for line in lines if line.endswith(b"\n")]
        except FileNotFoundError:
            return None if count else []
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be read: {error.strerror}") from error
        self._told = count + len(found), place + sum(map(len, found))
        return [_parsed(self._path, line) for line in found]

    async def keep(self, said: Mapping[str, Any]) -> str:
        """Add a checkpoint, without holding up the loop; return `ok` once it is on the disk, or why it is not."""
        try:
            await asyncio.to_thread(self.append, said)
        except RetryableError:
            return "unwritable"
        except RestartError:
            return "conflict"
        return "ok"

    def append(self, said: Mapping[str, Any]) -> None:
        """Add a checkpoint; one that is the last already is left as it is.

        Raises:
            RetryableError: The volume does not take it.
            RestartError: It does not follow from the last one there: somebody else writes, or has written, the file.
        """
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # let go with the file
                begin = max(0, file.seek(0, os.SEEK_END) - TAIL)
                file.seek(begin)
                tail = file.read()
                whole = tail.rfind(b"\n") + 1
                lines = tail[:whole].splitlines()
                last = digest(_parsed(self._path, lines[-1])) if lines else FIRST
                if last == digest(said):
                    return
                if last != said["previous"]:
                    raise RestartError(f"{self._path}: its last checkpoint is not the one before this")
                file.truncate(begin + whole)
                file.write(orjson.dumps(said) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RetryableError(f"{self._path}: {error.strerror}") from error

    async def close(self) -> None:
        """Do nothing: the file is open while it is written only."""


def _parsed(path: Path, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(f"{path}: is no file of checkpoints: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("chains"), dict):
        raise ConfigurationError(f"{path}: is no file of checkpoints")
    return found
