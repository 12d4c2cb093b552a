"""Values that operators write as a text, in models that pydantic checks."""

from typing import Any

from pydantic_core import CoreSchema, core_schema


def schema_of(kind: type[Any]) -> CoreSchema:
    """Return the schema of a class whose values are made of a text, and written as one again."""
    return core_schema.no_info_plain_validator_function(
        lambda value: value if isinstance(value, kind) else kind(str(value)),
        serialization=core_schema.to_string_ser_schema(),
    )
