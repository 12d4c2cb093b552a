"""A command of the operator's that gives a key, e.g. by asking a KMS."""

import os
import subprocess
from functools import lru_cache

from fairwatch.domain.errors import ConfigurationError

PATIENCE_S = 10.0
OURS = "FAIRWATCH_"


@lru_cache(maxsize=4)
def asked(command: tuple[str, ...], setting: str, patience_s: float = PATIENCE_S) -> str:
    """Return what a command says on its standard output: a key; asked once in the life of a process.

    What it says, also as an error, is never shown: it may be the key. It is given none of our own settings.

    Args:
        command: Program and arguments.
        setting: That names it, for errors.
        patience_s: How long it may take.

    Raises:
        ConfigurationError: It cannot be started, takes too long, or ends with an error.
    """
    name, theirs = command[0], {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
    try:
        done = subprocess.run(  # noqa: S603  the operator's own command
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s, env=theirs, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{setting}: {name} gave no key within {patience_s:g} s") from None
    except OSError as error:
        raise ConfigurationError(f"{setting}: {name} cannot be started: {error.strerror}") from None
    if done.returncode:
        raise ConfigurationError(f"{setting}: {name} ended with {done.returncode}; try it by hand to see what it says")
    return done.stdout.decode("ascii", "replace")
