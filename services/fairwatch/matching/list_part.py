"""A part of the watchlists: a gallery that is too large for one process is shared out among several, entry by entry."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from fairwatch.domain.errors import ConfigurationError

MOST = 64
_FORM = re.compile(r"([1-9]\d?)/([1-9]\d?)")


@dataclass(frozen=True, slots=True)
class ListPart:
    """One of several parts, each held by a consumer group of its own that reads every sighting.

    Attributes:
        number: From 1.
        of: How many parts there are.
    """

    number: int = 1
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the part that a setting names, such as `1/2`; all of it for nothing.

        Raises:
            ConfigurationError: It names none.
        """
        if not text:
            return cls()
        found = _FORM.fullmatch(text)
        number, of = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= of <= MOST:
            raise ConfigurationError(f"gallery_shard {text!r} is not of the form 1/2: a part of at most {MOST} parts")
        return cls(number, of)

    @property
    def name(self) -> str:
        """What stands behind the name of `match`: each part has its own group and state. Nothing for all of it."""
        return f"-shard-{self.number}-of-{self.of}" if self.of > 1 else ""

    def holds(self, entry_id: str) -> bool:
        """Tell whether an entry is in this part: in exactly one of them, whatever else is listed."""
        return (
            int.from_bytes(sha256(entry_id.encode("utf-8", "surrogatepass")).digest()[:8]) % self.of == self.number - 1
        )


WHOLE = ListPart()
