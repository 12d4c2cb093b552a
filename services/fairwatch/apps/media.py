"""Opens the stores of pictures and of raw bodies, sealed where there is a master key."""

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.data_keys import DataKeys, GalleryKeys
from fairwatch.stores.media import MediaStore, raw_url
from fairwatch.stores.media_seal import MediaSeal


def media_store(settings: Settings) -> MediaStore:
    """Return the store of pictures; ConfigurationError where it, or that of data keys, cannot be opened."""
    return MediaStore.open(settings.media_url, seal=_seal(settings, "media"))


def raw_store(settings: Settings) -> MediaStore:
    """Return the store of raw bodies, likewise."""
    return MediaStore.open(settings.raw_url or raw_url(settings.media_url), seal=_seal(settings, "raw"))


def gallery_keys(settings: Settings) -> GalleryKeys | None:
    """Return the data keys of sealed gallery files; None without a master key."""
    seal = _seal(settings, "media")
    return GalleryKeys.of(seal.keys) if seal else None


def _seal(settings: Settings, store: str) -> MediaSeal | None:
    secret = settings.media_key.get_secret_value()
    if not secret:
        return None
    if not settings.media_keys_url:
        raise ConfigurationError("FAIRWATCH_MEDIA_KEYS_URL: say where data keys lie: not where pictures are backed up")
    return MediaSeal(DataKeys.open(settings.media_keys_url, secret), store)
