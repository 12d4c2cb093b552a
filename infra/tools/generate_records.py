"""Write services/fairwatch/domain/records.py: one TypedDict for each Avro record, one Literal for each enum.

Usage: generate_records.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "services/fairwatch/domain/records.py"
PRIMITIVES = {"string": "str", "int": "int", "long": "int", "double": "float", "boolean": "bool", "bytes": "bytes", "null": "None"}
HEAD = '''"""Records as fastavro gives and takes them. Generated from schemas/avro by infra/tools/generate_records.py; do not edit."""

from typing import Literal, NotRequired, TypedDict
'''


def newest(folder: Path) -> list[Path]:
    """Return the highest version of each record's schema file."""
    best: dict[str, tuple[int, Path]] = {}
    for path in folder.glob("*.avsc"):
        name, _, version = path.name.removesuffix(".avsc").rpartition(".v")
        best[name] = max(best.get(name, (0, path)), (int(version), path))
    return [path for _, path in sorted(best.values(), key=lambda item: item[1].name)]


def python_type(schema: Any, out: dict[str, str]) -> str:
    """Return the annotation for an Avro type, adding the named types it holds to `out`."""
    if isinstance(schema, str):
        return PRIMITIVES.get(schema, schema.rpartition(".")[2])
    if isinstance(schema, list):
        members = [python_type(member, out) for member in schema]
        return " | ".join([m for m in members if m != "None"] + ["None"] * ("None" in members))
    kind = schema["type"]
    if kind == "array":
        return f"list[{python_type(schema['items'], out)}]"
    if kind == "map":
        return f"dict[str, {python_type(schema['values'], out)}]"
    if kind == "enum":
        symbols = ", ".join(f'"{symbol}"' for symbol in schema["symbols"])
        out.setdefault(schema["name"], f"{schema['name']} = Literal[{symbols}]\n")
        return str(schema["name"])
    if kind == "record":
        out.setdefault(schema["name"], record_class(schema, out))
        return str(schema["name"])
    return PRIMITIVES[kind]


def record_class(schema: dict[str, Any], out: dict[str, str]) -> str:
    """Return the TypedDict of one record; fields with a default may be left out when writing."""
    lines = [f"class {schema['name']}(TypedDict):", f'    """{schema["doc"]}"""', ""]
    for field in schema["fields"]:
        annotation = python_type(field["type"], out)
        lines.append(f"    {field['name']}: " + (f"NotRequired[{annotation}]" if "default" in field else annotation))
    return "\n".join(lines) + "\n"


def generate() -> str:
    """Return the whole module."""
    out: dict[str, str] = {}
    for path in newest(ROOT / "schemas/avro"):
        python_type(json.loads(path.read_text(encoding="utf-8")), out)
    return HEAD + "".join(("\n" if text.startswith("class") is False else "\n\n") + text for text in out.values())


def main() -> int:
    """Write the module, or compare it with --check."""
    text = generate()
    if "--check" in sys.argv:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        print("records.py is current" if same else "records.py differs from schemas/avro: run make fix", file=sys.stderr)
        return 0 if same else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
