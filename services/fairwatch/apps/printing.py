"""Foreign text on a terminal: what devices and producers write is shown as it is, and does nothing. And times."""

from datetime import UTC, datetime

from rich.markup import escape


def shown(text: object) -> str:
    """Return a text without markup and without control characters, for a console that reads markup."""
    plain = "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in str(text))
    return escape(plain)


def to_the_second(at: int) -> str:
    """Return a time, given in microseconds UTC, as people read it in a table."""
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(sep=" ", timespec="seconds")
