"""Bodies of comma separated values under a line of names; a value may be a list or a tree in Python's spelling."""

import ast
import csv
import re
from io import StringIO
from typing import Any, Final

import orjson

from fairwatch.domain.errors import RejectedError

MOST: Final = 1_000
_LONGEST: Final = 4_096
_HEAD: Final = re.compile(rb"[A-Za-z_]\w*(?:,[A-Za-z_]\w*){3,60}[ \t]*\r?\n")


def read_table(body: bytes) -> list[dict[str, Any]]:
    """Return a document for each line, none if it is no such body.

    Raises:
        RejectedError: too_large.
    """
    if not _HEAD.match(body):
        return []
    documents: list[dict[str, Any]] = []
    try:
        for row in csv.DictReader(StringIO(body.decode("utf-8", "replace"))):
            documents.append({name: _value(value) for name, value in row.items() if name and type(value) is str})
            if len(documents) > MOST:
                raise RejectedError("too_large", f"the body has more than {MOST} lines")
    except csv.Error as error:
        raise RejectedError("malformed", f"the body is no table: {error}") from error
    return documents


def _value(text: str) -> Any:
    if text[:1] not in {"{", "["} or len(text) > _LONGEST:
        return text
    if '"' not in text and "\\" not in text:  # then the two spellings differ in their quotes alone, and JSON is faster
        try:
            return orjson.loads(text.replace("'", '"'))
        except orjson.JSONDecodeError:
            pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
