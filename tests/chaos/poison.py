"""Malformed input, each kind with the reason that its dead letter has to give."""

from collections.abc import Callable
from dataclasses import dataclass

from fairwatch.wire.avro import Codec


@dataclass(frozen=True, slots=True)
class Poison:
    """One kind of malformed input.

    Attributes:
        topic: Where it is sent.
        reason: That of its dead letter.
        make: From number, device and codec to bytes that hold the number.
    """

    name: str
    topic: str
    reason: str
    make: Callable[[int, str, Codec], bytes]


def _junk(number: int, device: str, codec: Codec) -> bytes:
    return f"junk {device} {number}".encode()


def _cut_off(number: int, device: str, codec: Codec) -> bytes:
    from tests.chaos.world import observation  # noqa: PLC0415  it builds on this module

    return codec.encode("Observation", observation(number, device))[:-3]


def _impossible_time(number: int, device: str, codec: Codec) -> bytes:
    from tests.chaos.world import observation  # noqa: PLC0415

    return codec.encode("Observation", {**observation(number, device), "received_at": 1})


def _body(body: Callable[[int], bytes]) -> Callable[[int, str, Codec], bytes]:
    def make(number: int, device: str, codec: Codec) -> bytes:
        from tests.chaos.world import raw_event  # noqa: PLC0415

        return raw_event(number, device, body(number), codec)

    return make


def _xml(number: int) -> bytes:
    return f"<EventNotificationAlert><eventType>ANPR</eventType><UUID>{number}".encode()


def _bomb(number: int) -> bytes:
    return (f'<!DOCTYPE a [<!ENTITY x "{number}">]><EventNotificationAlert>&x;</EventNotificationAlert>').encode()


def _json(number: int) -> bytes:
    return f'{{"number": {number}}}'.encode()


POISONS: tuple[Poison, ...] = (
    Poison("no Avro", "observations", "malformed", _junk),
    Poison("Avro that is cut off", "observations", "malformed", _cut_off),
    Poison("received in 1970", "observations", "invalid_field", _impossible_time),
    Poison("raw event, no Avro", "raw-events", "malformed", _junk),
    Poison("XML that is cut off", "raw-events", "malformed", _body(_xml)),
    Poison("XML with an entity", "raw-events", "forbidden_xml", _body(_bomb)),
    Poison("another format's body", "raw-events", "unknown_format", _body(_json)),
)
