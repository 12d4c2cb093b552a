"""Each private name of a library that the engine uses is still there, listed, and used in one file."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from aiokafka import client

import fairwatch.engine
from fairwatch.engine.private_names import connector, names

NAMES = names()

LIBRARIES = {"aiokafka", "faust", "mode"}
FOLDER = Path(fairwatch.engine.__file__).parent
LISTED = [(owner, name) for owner, names in NAMES.items() for name in names.split()]


@cache
def assigned(owner: type) -> frozenset[str]:
    """Return the names that a library's class sets in itself."""
    return frozenset(re.findall(r"\bself\.(_\w+)\b[^=\n]*=[^=]", inspect.getsource(owner)))


def _library(owner: type) -> bool:
    return owner.__module__.split(".")[0] in LIBRARIES


def has(owner: type, name: str) -> bool:
    """Tell whether a class defines an attribute, or sets one in itself."""
    return any(hasattr(base, name) or name in assigned(base) for base in owner.__mro__ if _library(base))


def classes() -> Iterator[tuple[type, ast.ClassDef]]:
    """Yield the classes of the engine that derive from one of a library's, and their source."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                owner = getattr(import_module(f"fairwatch.engine.{path.stem}"), node.name, None)
                if owner is not None and any(map(_library, owner.__mro__)):
                    yield owner, node


def private(node: ast.ClassDef) -> set[str]:
    """Return the private names that a class defines, or asks itself or `super()` for."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(part.name)
        elif isinstance(part, ast.Attribute) and ast.unparse(part.value) in {"self", "super()"}:
            found.add(part.attr)
    return {name for name in found if name.startswith("_") and not name.startswith("__")}


@pytest.mark.parametrize(("owner", "name"), LISTED, ids=[f"{owner.__name__}.{name}" for owner, name in LISTED])
def test_a_private_name_that_the_engine_uses_is_still_there(owner: type, name: str) -> None:
    assert has(owner, name), f"{owner.__module__}.{owner.__name__} has no {name} any more"


def test_clients_still_connect_by_the_function_of_their_module() -> None:
    assert connector() is client.create_conn
    assert re.search(r"await create_conn\(", inspect.getsource(client.AIOKafkaClient))


def test_what_a_class_of_ours_takes_from_a_library_is_listed() -> None:
    missing = [
        f"{owner.__name__}: {name}"
        for owner, node in classes()
        for name in private(node)
        if not any(name in names.split() for listed, names in NAMES.items() if issubclass(owner, listed))
        and has(owner, name)
    ]
    assert missing == []


def test_no_other_file_of_the_engine_reaches_into_a_library() -> None:
    reaching = [path.name for path in FOLDER.glob("*.py") if "SLF001" in path.read_text(encoding="utf-8")]
    assert reaching == ["private_names.py"], "ruff refuses it everywhere where nobody silences it"
