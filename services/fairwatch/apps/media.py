"""Opens the stores of pictures and of raw bodies, sealed where there is a master key."""

from fairwatch.apps.master_keys import data_keys
from fairwatch.apps.settings import Settings
from fairwatch.stores.data_keys import GalleryKeys
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
    keys = data_keys(settings)
    return MediaSeal(keys, store) if keys else None
