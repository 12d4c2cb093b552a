"""What processors need from the world, as protocols; `apps` brings the real ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol


class Reference(Protocol):
    """A compacted topic that this worker holds whole (devices, sites, authorisations, watchlist entries)."""

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        ...

    def changed_since(self, version: int) -> list[str] | None:
        """Return the keys that changed after a version; None when that is not known: all of them may have."""
        ...

    def get(self, key: str) -> Any | None:
        """Return the record, or None."""
        ...

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all records by key."""
        ...


class State(Protocol):
    """Keyed state of a partition, restored before the first event and saved after the outputs it caused.

    Values are plain JSON-able dicts. On Kafka changes take effect together with the outputs of the same batch and the
    offsets of what was read, or not at all. The embedded broker has no transactions: there it is outputs first, state
    second, offsets last, and a crash between them repeats the last outputs.
    """

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""
        ...

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value."""
        ...

    def delete(self, partition: int, key: str) -> None:
        """Forget the key."""
        ...

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of a partition."""
        ...

    def generation(self, partition: int) -> int:
        """Grow each time a partition comes, or goes back to what it was since its changes did not take effect."""
        ...


class MediaStore(Protocol):
    """Pictures and clips by the SHA-256 of their bytes."""

    async def put(self, data: bytes, mime: str) -> str:
        """Keep the bytes and return their URI, `fw-media:<sha256>`; putting the same bytes twice is one object."""
        ...

    async def get(self, uri: str) -> bytes:
        """Return the bytes; RejectedError(media_unavailable) when they are gone."""
        ...


class FileKeys(Protocol):
    """Data keys of a file that is written anew again and again: an old copy dies with its key. For threads."""

    def make(self, name: str) -> bytes:
        """Return a new key under this name."""
        ...

    def known(self, name: str) -> bytes | None:
        """Return the key of this name; None where it was deleted."""
        ...

    def delete(self, name: str) -> None:
        """Delete a key, if it is there."""
        ...


class Publisher(Protocol):
    """Writes records to topics from outside the engine: gateways, console, SDK."""

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        """Return once the broker has acknowledged; raise OverloadedError or RetryableError when it does not."""
        ...


@dataclass(frozen=True, slots=True)
class Facet:
    """One part of what people see of an alert or a candidate.

    Attributes:
        kind: What it is about.
        subject: Id of the alert or the candidate.
        name: Part, e.g. `alert`, `verdict`, `delivery:<receiver>`.
        version: A newer version replaces an older one; an equal one changes nothing, so that a replay changes nothing.
        at: Microseconds UTC; the newest come first and stay longest.
        record: The record as people may see it.
        listed: True for the part that makes the subject appear in lists.
        open: True or False when this part says whether somebody still has to act; None otherwise.
        rank: Order among those that are open, the highest first; as `at` where there is none.
        quiet: True when nobody may be told at once that it changed.
        media: Hex SHA-256 of the media that whoever may see the subject may see.
    """

    kind: Literal["alert", "candidate", "incident"]
    subject: str
    name: str
    version: int
    at: int
    record: Mapping[str, Any]
    listed: bool = False
    open: bool | None = None
    rank: int | None = None
    quiet: bool = False
    media: tuple[str, ...] = ()


class ReadModel(Protocol):
    """What the console shows, folded from topics."""

    async def fold(self, facets: Sequence[Facet]) -> Sequence[bool]:
        """Fold each and tell whether it changed anything.

        Raises:
            RetryableError: The store is away.
            RestartError: It was emptied: only a replay fills it again.
        """
        ...

    async def forget(self, kind: Literal["alert", "candidate", "incident"], subject: str) -> bool:
        """Erase a subject with all its parts; False when it was not there."""
        ...
