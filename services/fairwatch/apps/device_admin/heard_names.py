"""What the tokens of a device stand for: its recent payloads are read once more, and each name is kept."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairwatch.apps.media import raw_store
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import FairwatchError, RejectedError
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload
from fairwatch.stores.media import MediaStore
from fairwatch.stores.registered_names import registered_names
from fairwatch.wire.kinds.names import Names

_IDS = "id"


@dataclass(frozen=True, slots=True)
class HeardName:
    """A name that a device sent, the token that stands for it, how often it came, and whether it is registered.

    Attributes:
        kind: Of what it is the name: `rule`, `zone`, `channel`, `module`, `device`, `name` for anything else.
    """

    token: str
    kind: str
    name: str
    count: int
    registered: bool


class ListeningNames(Names):
    """Makes tokens and remembers what for."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.heard: Counter[tuple[str, str]] = Counter()

    def token(self, device_id: str, noun: str, name: str) -> str:
        """Return the token, and count that it was asked for."""
        token = super().token(device_id, noun, name)
        if noun != _IDS:
            self.heard[token, name.strip()] += 1
        return token


def heard_names(settings: Settings, device: Mapping[str, Any], raws: Iterable[Mapping[str, Any]]) -> list[HeardName]:
    """Return the names in a device's payloads, most frequent first.

    Args:
        settings: Hold the secret of tokens and where large bodies lie.
        device: Its record.
        raws: `RawEvent`s of it; those that nobody can read are left out.
    """
    names = ListeningNames(settings.names_secret.get_secret_value())
    store = raw_store(settings)
    for raw, body in _with_bodies(raws, store):
        payload = Payload(
            body, raw.get("content_type", ""), raw.get("path", ""), raw.get("headers", {}), raw["device_id"],
            raw["received_at"], device.get("time_zone"), names=names,
        )  # fmt: skip
        try:
            decode(payload, raw.get("format"))
        except RejectedError:
            continue
    registered = {(kind, name.strip().casefold()) for kind, name in registered_names(device)}
    return [
        HeardName(token, kind := token.partition(":")[0], name, count, (kind, name.casefold()) in registered)
        for (token, name), count in names.heard.most_common()
    ]


def _with_bodies(raws: Iterable[Mapping[str, Any]], store: MediaStore) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    for raw in raws:
        reference = raw.get("body_ref")
        if not reference:
            yield raw, raw.get("body", b"")
            continue
        try:
            yield raw, asyncio.run(store.get(reference["uri"]))
        except FairwatchError:
            continue
