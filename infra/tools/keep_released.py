"""Keeps the bytes of every example of every version in tests/wire/released, for the versions to come.

Usage: keep_released.py [--check]; with --check nothing is written and what is missing or out of date exits 1.

What is kept of a version that is released (`fairwatch schemas freeze`) is never written again: it is what readers of
that release were proved with. A version that is not may still change, and its bytes with it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from fairwatch.wire.avro import Codec
from fairwatch.wire.example_checks import examples
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schema_checks import released_hashes
from fairwatch.wire.schemas import FOLDER, load_all

KEPT = Path(__file__).resolve().parents[2] / "tests/wire/released"


def outdated(folder: Path, kept: Path) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each file of `kept` that is to be written, and its bytes; None for one whose example is gone.

    Args:
        folder: The schemas, their examples and what is released of them.
        kept: Holds v<version>/<record>/<example>.avro.
    """
    schemas, frozen = load_all(folder), released_hashes(folder)
    codec, named = Codec(schemas=schemas), set[Path]()
    for example in examples(folder, schemas):
        schema = example.schema
        path = kept / f"v{schema.version}" / schema.slug / f"{example.path.stem}.avro"
        named.add(path)
        if path.exists() and f"avro/{schema.path.name}" in frozen:
            continue
        written = codec.encode_as(schema, from_json(schema, example.document))
        if not path.exists() or path.read_bytes() != written:
            yield path, written
    for path in sorted(set(kept.rglob("*.avro")) - named):
        if f"avro/{path.parent.name}.{path.parts[-3]}.avsc" not in frozen:
            yield path, None


def keep(folder: Path, kept: Path) -> list[Path]:
    """Write what is missing or out of date, and return these files."""
    found = list(outdated(folder, kept))
    for path, written in found:
        if written is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written)
    return [path for path, _ in found]


def main(option: str = "") -> int:
    """Write, or only tell; return the exit code."""
    check = option == "--check"
    found = [path for path, _ in outdated(FOLDER, KEPT)] if check else keep(FOLDER, KEPT)
    for path in found:
        print(path.relative_to(KEPT))
    print(f"{len(found)} records {'are not kept as they are: run it without --check' if check else 'written'}")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
