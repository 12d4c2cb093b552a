"""The master keys of this process: from settings, files, or a command that asks a KMS."""

from fairwatch.apps.key_command import asked
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.master_key import OTHER, MasterKey, MasterKeys

COMMAND = "FAIRWATCH_MEDIA_KEY_COMMAND"


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
    current = MasterKey(secret) if secret else MasterKey(asked(settings.media_key_command, COMMAND), COMMAND)
    return MasterKeys(current, MasterKey(other, OTHER) if other else None)
