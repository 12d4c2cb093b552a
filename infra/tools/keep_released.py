"""Keeps the bytes of every example as this version writes them, for the versions to come: `keep_released.py v1`.

Run once at a release, before the version number changes; what is kept is never written again.
"""

import sys
from pathlib import Path

from fairwatch.wire.avro import Codec
from fairwatch.wire.example_checks import examples
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import FOLDER, newest

KEPT = Path(__file__).resolve().parents[2] / "tests/wire/released"


def main(release: str) -> None:
    """Write one file for each example of a newest version."""
    folder, codec, known = KEPT / release, Codec(), newest()
    for example in examples(FOLDER, list(known.values())):
        path = folder / example.schema.slug / f"{example.path.stem}.avro"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            out.write(codec.encode(example.schema.type, from_json(example.schema, example.document)))
    print(f"{len(list(folder.rglob('*.avro')))} records kept in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
