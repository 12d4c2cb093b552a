"""Lists of watchlist entries as one decision: what waits for a second person, and the hash by which people name it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.wire.deeds import signed_bytes
from fairwatch.wire.json_form import from_json, to_json
from fairwatch.wire.schemas import newest
from fairwatch.wire.signings import SIGNINGS, awaits_second

SIGNING: Final = SIGNINGS["watchlist-entries"]
SHOWN: Final = 16  # characters of a hash that name a list

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries of one author under one authorisation that wait for a second person.

    Attributes:
        authorisation_id: Theirs.
        author: Who enrolled them.
        entries: By id.
    """

    authorisation_id: str
    author: str
    entries: Mapping[str, Record]

    @property
    def digest(self) -> str:
        """The hash over all of them."""
        return list_hash(self.entries.values())


def list_hash(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return the SHA-256 over what is wanted with each entry, in any order; a change of one shows."""
    wanted = ((entry["entry_id"], SIGNING.wanted(entry)) for entry in entries)
    rows = sorted(
        f"{key} {sha256(signed_bytes('list', SIGNING.record_type, one, {})).hexdigest()}" for key, one in wanted
    )
    return sha256("\n".join(rows).encode()).hexdigest()


def waiting(entries: Mapping[str, Record]) -> list[Waiting]:
    """Return what one person enrolled and nobody else agreed to, by authorisation and author."""
    groups: dict[tuple[str, str], dict[str, Record]] = {}
    for key, entry in entries.items():
        if awaits_second(entry):
            groups.setdefault((str(entry["authorisation_id"]), str(entry.get("created_by") or "")), {})[key] = entry
    return [Waiting(*place, found) for place, found in sorted(groups.items())]


def named(entries: Mapping[str, Record], beginning: str) -> Waiting:
    """Return the list that waits under the hash that begins so; ConfigurationError where there is not exactly one.

    A list that has changed since somebody looked at it has another hash.
    """
    found = [one for one in waiting(entries) if len(beginning) >= SHOWN and one.digest.startswith(beginning)]
    if len(found) != 1:
        raise ConfigurationError(f"no list that waits has a hash that begins with {beginning!r} ({SHOWN} characters)")
    return found[0]


def keep(path: Path, entries: Iterable[Record]) -> None:
    """Write signed entries into a new file, for somebody else to agree to; what is in force goes on meanwhile.

    Raises:
        ConfigurationError: It is there already or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(to_json(entry) + "\n" for entry in entries)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def kept(path: Path) -> dict[str, Record]:
    """Return the entries of such a file by id; ConfigurationError where it holds something else."""
    schema = newest()[SIGNING.record_type]
    try:
        rows = [from_json(schema, orjson.loads(line)) for line in path.read_bytes().splitlines() if line.strip()]
    except (OSError, orjson.JSONDecodeError, RejectedError) as error:
        raise ConfigurationError(f"{path}: is no file of `fairwatch entries enrol --to`: {error}") from error
    return {row["entry_id"]: row for row in rows}
