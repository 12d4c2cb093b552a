"""Lines of Python that are made from a schema and compiled, as dataclasses does it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fairwatch.wire.faults import named_types


class StrangeError(Exception):
    """A value that the compiled code does not take; fastavro decides what becomes of it."""


class Source:
    """Collects lines, numbers local names and turns everything into one function.

    Args:
        shared: Names that the code may use, beside what is added with `constant`.
    """

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {**shared, "Strange": StrangeError}
        self._depth = 0
        self._numbers = 0

    def name(self) -> str:
        """Return a local name that nothing else uses."""
        self._numbers += 1
        return f"v{self._numbers}"

    def constant(self, value: Any) -> str:
        """Give the code a value and return its name there."""
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def add(self, *lines: str) -> None:
        """Add lines where we are."""
        self._lines += ["    " * self._depth + line for line in lines]

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        """Add lines that stand within `opening`, e.g. `if x:`."""
        self.add(opening)
        self._depth += 1
        yield
        self._depth -= 1

    def function(self, name: str) -> Callable[..., Any]:
        """Compile what was collected and return the function of that name."""
        # Nothing but names that Avro allows (letters, digits, underscores) and numbers gets into the lines.
        exec(compile("\n".join(self._lines), f"<{name}>", "exec"), self._names)  # noqa: S102
        return self._names[name]  # type: ignore[no-any-return]


class Maker(ABC):
    """Makes a function for each record of a schema, which call each other.

    Args:
        parsed: The schema, of a record.
        shared: Names that the code may use.
    """

    def __init__(self, parsed: Any, shared: Mapping[str, Any]) -> None:
        self._source = Source(shared)
        self._named = named_types(parsed)
        records = [name for name, schema in self._named.items() if schema["type"] == "record"]
        self._functions = {name: f"of_record{index}" for index, name in enumerate(records)}
        self._whole = self._functions[parsed["name"]]

    def function(self) -> Callable[..., Any]:
        """Compile all of them and return that of the whole schema."""
        for name in self._functions:
            self._record(self._named[name])
        return self._source.function(self._whole)

    @abstractmethod
    def _record(self, schema: Any) -> None:
        """Add the function of one record."""

    def _resolved(self, schema: Any) -> Any:
        """Return the schema that a name stands for; any other as it is."""
        return self._named[schema] if isinstance(schema, str) and schema in self._named else schema


def nullable(schema: Any) -> Any:
    """Return X of `["null", X]`; None for any other schema."""
    if isinstance(schema, list) and len(schema) == 2 and schema[0] == "null":  # noqa: PLR2004  null and X
        return schema[1]
    return None
