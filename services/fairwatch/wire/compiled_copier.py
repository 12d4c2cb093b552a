"""A copier per schema, compiled: of a record that was just written, what a reader of its bytes would make of them.

It takes what the compiled writer takes, which has looked at every type already: what is left is to put in what was left
out, and to copy what could be changed. That takes a third of the time of reading the bytes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fairwatch.wire.source_code import Maker, StrangeError, nullable

Copy = Callable[[Mapping[str, Any]], dict[str, Any]]


def compile_copier(parsed: Any) -> Copy:
    """Return `copy(record)` for a parsed schema, for records that the compiled writer took."""
    return _Maker(parsed, {}).function()


class _Maker(Maker):
    def _record(self, schema: Any) -> None:
        source, fields = self._source, schema["fields"]
        whole = source.constant({field["name"]: field.get("default") for field in fields})
        with source.block(f"def {self._functions[schema['name']]}(record):"):
            source.add(f"made = {{**{whole}, **record}}")
            for field in fields:
                name, kind = field["name"], nullable(field["type"]) or field["type"]
                copied = self._copied(kind, "value")
                if copied is None:
                    continue
                source.add(f"value = made[{name!r}]")
                unless = "" if kind is field["type"] else "if value is not None: "
                source.add(f"{unless}made[{name!r}] = {copied}")
            source.add("return made")

    def _copied(self, schema: Any, value: str) -> str | None:
        """Return what copies a value; None where there is nothing to copy: it cannot change."""
        schema = self._resolved(schema)
        if (inner := nullable(schema)) is not None:
            copied = self._copied(inner, value)
            return copied and f"(None if {value} is None else {copied})"
        if isinstance(schema, str):
            return f"float({value})" if schema == "double" else None  # a whole number is read as one with a point
        if isinstance(schema, dict):
            return self._complex(schema, value)
        raise StrangeError(f"a union of {schema} is not compiled")

    def _complex(self, schema: Any, value: str) -> str | None:
        kind, item = schema["type"], self._source.name()
        if kind == "record":
            return f"{self._functions[schema['name']]}({value})"
        if kind == "enum":  # read as a text, whatever is equal to it was written
            return f"{self._source.constant({symbol: symbol for symbol in schema['symbols']})}[{value}]"
        if kind == "array":
            copied = self._copied(schema["items"], item)
            return f"[*{value}]" if copied is None else f"[{copied} for {item} in {value}]"
        if kind == "map":
            copied, key = self._copied(schema["values"], item), self._source.name()
            return f"{{**{value}}}" if copied is None else f"{{{key}: {copied} for {key}, {item} in {value}.items()}}"
        return self._copied(kind, value)
