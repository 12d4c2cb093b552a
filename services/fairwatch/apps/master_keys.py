"""The master keys of this process: from settings, files, or a command that asks a KMS."""

import os
import subprocess
from functools import lru_cache

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.master_key import OTHER, MasterKey, MasterKeys

COMMAND = "FAIRWATCH_MEDIA_KEY_COMMAND"
PATIENCE_S = 10.0
OURS = "FAIRWATCH_"


def data_keys(settings: Settings) -> DataKeys | None:
    """Return the store of data keys; None where there is no master key: pictures are not sealed.

    Raises:
        ConfigurationError: A key is none, its command gives none, or nobody said where data keys lie.
    """
    masters = master_keys(settings)
    if masters is None:
        return None
    if not settings.media_keys_url:
        raise ConfigurationError("FAIRWATCH_MEDIA_KEYS_URL: say where data keys lie: not where pictures are backed up")
    return DataKeys.open(settings.media_keys_url, masters)


def master_keys(settings: Settings) -> MasterKeys | None:
    """Return the master key that wraps, and the one that is read beside it; None where there is none."""
    secret, other = settings.media_key.get_secret_value(), settings.media_key_other.get_secret_value()
    if secret and settings.media_key_command:
        raise ConfigurationError(f"at most one of FAIRWATCH_MEDIA_KEY and {COMMAND} may be set")
    if not secret and not settings.media_key_command:
        if other:
            raise ConfigurationError(f"{OTHER}: is only read; FAIRWATCH_MEDIA_KEY is what seals")
        return None
    current = MasterKey(secret) if secret else MasterKey(asked(settings.media_key_command), COMMAND)
    return MasterKeys(current, MasterKey(other, OTHER) if other else None)


@lru_cache(maxsize=4)
def asked(command: tuple[str, ...], patience_s: float = PATIENCE_S) -> str:
    """Return what a command says on its standard output: a key; asked once in the life of a process.

    What it says, also as an error, is never shown: it may be the key. It is given none of our own settings.

    Raises:
        ConfigurationError: It cannot be started, takes too long, or ends with an error.
    """
    name, theirs = command[0], {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
    try:
        done = subprocess.run(  # noqa: S603  the operator's own command
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s, env=theirs, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{COMMAND}: {name} gave no key within {patience_s:g} s") from None
    except OSError as error:
        raise ConfigurationError(f"{COMMAND}: {name} cannot be started: {error.strerror}") from None
    if done.returncode:
        raise ConfigurationError(f"{COMMAND}: {name} ended with {done.returncode}; try it by hand to see what it says")
    return done.stdout.decode("ascii", "replace")
