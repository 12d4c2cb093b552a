"""Changes the master key of data keys, and looks at what is wrapped by which."""

from itertools import islice
from typing import Any, cast

from fairwatch.apps.kafka import producer
from fairwatch.apps.master_keys import data_keys
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import told
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores import key_rotation
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.key_rotation import Wrapped
from fairwatch.stores.master_key import MasterKeys


async def look(settings: Settings, most: int | None = None) -> tuple[MasterKeys, Wrapped]:
    """Tell by which master key data keys are wrapped; `most`: look at so many of them only.

    Raises:
        ConfigurationError: Pictures are not sealed.
        RetryableError: The store of data keys does not answer.
    """
    keys = _keys(settings)
    store, wrapping = keys.place
    masters = cast("MasterKeys", wrapping)
    return masters, await key_rotation.wrapped(store, masters, islice(sorted(await keys.names(), reverse=True), most))


async def rotate(settings: Settings, actor: str, now: int) -> tuple[MasterKeys, Wrapped]:
    """Wrap all data keys under the current master key, with an audit record of what was done.

    Args:
        settings: Of the hub.
        actor: Who asked for it.
        now: Microseconds UTC.

    Raises:
        ConfigurationError: Pictures are not sealed, or there is no second master key.
        RetryableError: The broker or the store of data keys does not answer.
    """
    keys = _keys(settings)
    store, wrapping = keys.place
    masters = cast("MasterKeys", wrapping)
    async with producer(settings, "cli") as publisher:
        found = await key_rotation.rotate(store, masters, sorted(await keys.names()))
        record = _audited(masters, found, actor, now)
        await publisher.publish("audit", record["subject"], record)
    return masters, found


def _keys(settings: Settings) -> DataKeys:
    keys = data_keys(settings)
    if keys is None:
        raise ConfigurationError("FAIRWATCH_MEDIA_KEY: there is none: pictures are not sealed")
    return keys


def _audited(masters: MasterKeys, found: Wrapped, actor: str, at: int) -> dict[str, Any]:
    details: dict[str, str] = {str(fate): str(number) for fate, number in sorted(found.counts.items())}
    details["from"] = masters.other.key_id if masters.other else ""
    return told("master-key.rotated", f"master-key:{masters.current.key_id}", actor=actor, at=at, details=details)
