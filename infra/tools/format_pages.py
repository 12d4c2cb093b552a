"""Writes infra/docs/formats: a page for each format, from its declaration: what it reads, keeps and cannot write.

Usage: format_pages.py [--check]; with --check nothing is written and a difference exits 1.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from fairwatch.formats.catalogue import Format, formats
from fairwatch.formats.language.canonical import field, record_kind
from fairwatch.formats.language.declaration import Message, Row
from fairwatch.formats.language.program import rows_of

FOLDER = Path(__file__).parents[1] / "docs" / "formats"
_BY_THE_HUB = {
    "observation_id",
    "device_id",
    "received_at",
    "raw_sha256",
    "removed_fields",
    "retention_class",
    "extensions",
    "occurred_at",
}


def main(arguments: list[str]) -> int:
    """Write or compare the pages."""
    pages = {f"{name}.md": page(one) for name, one in formats().items()} | {"README.md": overview()}
    if "--check" not in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob("*.md"):
            old.unlink()
        for name, text in pages.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    here = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in here.keys() | pages.keys() if here.get(name) != pages.get(name))
    if stale:
        print(f"infra/docs/formats: {', '.join(stale)} differ from the declarations; run `make fix`", file=sys.stderr)
    return 1 if stale else 0


def overview() -> str:
    """Return the page that lists all formats."""
    lines = [
        "# Formats",
        "",
        "Written by `infra/tools/format_pages.py`.",
        "",
        "| format | what it is | read | written |",
        "|---|---|---|---|",
    ]
    for name, one in formats().items():
        messages = one.declaration.messages
        read = sum(not message.skip for message in messages)
        written = sum(message.writes is not None for message in messages)
        lines.append(f"| [`{name}`]({name}.md) | {one.declaration.title} | {read} messages | {written or '-'} |")
    return "\n".join([*lines, ""])


def page(one: Format) -> str:
    """Return the page of one format."""
    declaration = one.declaration
    written = [message for message in declaration.messages if message.writes is not None]
    lines = [f"# `{one.name}`", "", f"{declaration.title}. {'Read and written.' if written else 'Read only.'}", ""]
    lines += [
        "What no row names stays in `raw-events`. Written by `infra/tools/format_pages.py`.",
        "",
        "## Messages",
        "",
    ]
    lines += ["| message | becomes | written |", "|---|---|---|"]
    lines += [
        f"| {message.name} | {_becomes(message)} | {'yes' if message.writes is not None else ''} |"
        for message in declaration.messages
    ]
    lines += ["", "## Fields", "", "| canonical | in the source | |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {', '.join(f'`{path}`' for path in paths)} | {how.replace('|', ' or ')} |"
        for name, (paths, how) in sorted(_fields(one).items())
    ]
    keep = dict(declaration.keep) | {
        path: kind for message in declaration.messages for path, kind in message.keep.items()
    }
    if keep:
        lines += [
            "",
            "## Kept under their own names",
            "",
            *(f"- `{path}`: {kind}" for path, kind in sorted(keep.items())),
        ]
    if written:
        missing = ", ".join(f"`{name}`" for name in _cannot(one, written))
        lines += [
            "",
            "## Cannot be written",
            "",
            f"Fields of an observation that this format has no place for: {missing or 'none'}.",
        ]
    return "\n".join([*lines, ""])


def _becomes(message: Message) -> str:
    if message.skip:
        return f"skipped: `{message.skip}`"
    return f"{message.type}, one for each `{'.'.join(message.each)}`" if message.each else message.type


def _fields(one: Format) -> dict[str, tuple[list[str], str]]:
    """Return by canonical name where it comes from, and by which conversions."""
    found: dict[str, tuple[list[str], str]] = {}
    for message in one.declaration.messages:
        for name, rows in rows_of(one.declaration, message).items():
            for canonical, row in _leaves(name, rows):
                paths, how = found.get(canonical, ([], ""))
                paths += [path for path in row.path if path not in paths]
                how = how or row.converter or ("table" if row.values else "")
                found[canonical] = (paths, how)
    return {name: (paths, how) for name, (paths, how) in found.items() if paths}


def _leaves(name: str, rows: list[Row]) -> Iterator[tuple[str, Row]]:
    for row in rows:
        for inner, given in row.rows.items():
            yield from _leaves(name if inner == "." else f"{name}.{inner}", given)
        if not row.rows:
            yield name, row


def _cannot(one: Format, written: list[Message]) -> list[str]:
    kind = record_kind("Observation")
    names = {name for message in written for name in rows_of(one.declaration, message)}
    heads = {name.partition(".")[0] for name in names}
    return sorted(name for name in kind.record.__annotations__ if name not in heads | _BY_THE_HUB and field(kind, name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
