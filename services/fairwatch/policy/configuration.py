"""Reads an operator's YAML file into a model, with errors that name file, path and value."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fairwatch.domain.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
SECRET_WORDS = ("secret", "password", "token", "key", "url")
SHOWN = 60


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Return the validated content of a file.

    Raises:
        ConfigurationError: The file is missing, is not YAML, or has a value that may not be; all faults are named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_sentence(dict(fault)) for fault in error.errors(include_url=False))
        raise ConfigurationError(f"{path}: {faults}") from error


def _sentence(fault: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in fault["loc"]) or "(whole file)"
    message = str(fault["msg"]).removeprefix("Value error, ")
    value = fault["input"]
    hidden = isinstance(value, dict | list) or any(word in path.lower() for word in SECRET_WORDS)
    return f"{path}: {message}" if hidden else f"{path}: {message}, not {str(value)[:SHOWN]!r}"
