"""A report as Markdown: a section for each part, a table for each list."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.printing import shown


def markdown(report: Mapping[str, Any]) -> str:
    """Return the text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {_title(str(report['report']))} report"
    period = [f"{name} {report[name]}" for name in ("from", "to") if name in report]
    if period:
        yield from ("", ", ".join(period))
    for name, part in report.items():
        if name in ("report", "from", "to"):
            continue
        yield from ("", f"## {_title(name)}", "")
        yield from _part(part)


def _part(part: Any) -> Iterator[str]:
    if not part and part != 0:
        yield "None."
    elif isinstance(part, Mapping):
        plain = {name: value for name, value in part.items() if not isinstance(value, Mapping)}
        if plain:
            yield from _table([{"what": _title(name), "value": value} for name, value in plain.items()])
        for name, value in part.items():
            if isinstance(value, Mapping):
                yield from (("",) if plain or name != next(iter(part)) else ())
                yield from (f"### {_title(name)}", "")
                yield from _nested(value)
    elif isinstance(part, list) and isinstance(part[0], Mapping):
        yield from _table(part)
    elif isinstance(part, list):
        yield from (f"* {_cell(one)}" for one in part)
    else:
        yield _cell(part)


def _nested(value: Mapping[str, Any]) -> Iterator[str]:
    if not value:
        yield "None."
    elif isinstance(next(iter(value.values())), Mapping):
        yield from _table([{"": name, **row} for name, row in value.items()])
    else:
        yield from _table([{"what": name, "number": number} for name, number in value.items()])


def _table(rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Iterator[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    yield f"| {' | '.join(_title(name) for name in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(row.get(name)) for name in columns)} |"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize() if "." not in name else name


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(value).replace("\\[", "[").replace("|", "\\|").replace("\n", " ")
