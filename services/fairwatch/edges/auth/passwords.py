"""Passwords of devices: from a file or from the environment, never from the configuration itself."""

import os
from pathlib import Path

from fairwatch.domain.errors import ConfigurationError

MIN_PASSWORD_LENGTH = 8


def read_password(folder: Path, username: str, file: Path | None, variable: str | None) -> str:
    """Return a password.

    Args:
        folder: Where a relative file is looked up.
        username: Whose it is, for the message.
        file: Where it is,
        variable: or which environment variable holds it.

    Raises:
        ConfigurationError: There is none, or it is too short.
    """
    source = f"password_env {variable}" if variable else f"password_file {file}"
    try:
        found = (folder / file).read_text("utf-8") if file else os.environ.get(variable or "", "")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{source} of user {username!r} cannot be read: {error}") from error
    password = found.strip("\r\n")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise ConfigurationError(
            f"{source} of user {username!r} holds {len(password)} characters, at least {MIN_PASSWORD_LENGTH} are needed"
        )
    return password
