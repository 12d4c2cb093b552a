"""Words in which a JSON schema of values is said."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(meaning: str, **more: Any) -> Schema:
    """Describe a string."""
    return {"type": "string", "description": meaning, **more}


def flag(meaning: str) -> Schema:
    """Describe a switch."""
    return {"type": "boolean", "description": meaning}


def number(meaning: str, least: int = 0, most: int | None = None) -> Schema:
    """Describe a whole number."""
    bounds = {"minimum": least} | ({} if most is None else {"maximum": most})
    return {"type": "integer", "description": meaning, **bounds}


def group(meaning: str, properties: Schema, **more: Any) -> Schema:
    """Describe a mapping in which a typing error is an error."""
    return {
        "type": "object",
        "description": meaning,
        "additionalProperties": False,
        "properties": properties,
        **more,
    }


def labels(meaning: str) -> Schema:
    """Describe a mapping of any name to a string."""
    return {"type": "object", "description": meaning, "additionalProperties": {"type": "string"}}


def anything(meaning: str) -> Schema:
    """Describe a mapping that Kubernetes checks."""
    return {"type": "object", "description": meaning}


def texts(meaning: str) -> Schema:
    """Describe a list of strings."""
    return {"type": "array", "description": meaning, "items": {"type": "string"}}


def objects(meaning: str) -> Schema:
    """Describe a list of mappings that Kubernetes checks."""
    return {"type": "array", "description": meaning, "items": {"type": "object"}}


def refer(name: str, meaning: str) -> Schema:
    """Describe a value of one of the DEFINITIONS."""
    return {"$ref": f"#/$defs/{name}", "description": meaning}


def sentence(summary: str) -> str:
    """Return a summary of the catalogue as a sentence."""
    return f"{summary[0].upper()}{summary[1:]}."
