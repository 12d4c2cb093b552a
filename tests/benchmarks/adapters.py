"""How many events a second each adapter decodes on one core, over the repository's recordings, none twice the same."""

import re
import time
from collections.abc import Iterable
from dataclasses import replace

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.opening import open_body
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.environment import Environment
from fairwatch.formats.payload import Payload
from tests.support.recordings import recordings

SECONDS, RUNS = 2.0, 8
VARIANTS = 200
RECEIVED_AT = 1_772_600_000_000_000
DEVICES = 97
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
# What differs from event to event: minutes and seconds of times, seconds since 1970, ends of UUIDs and of long numbers.
TIME = re.compile(rb"(\d{4}-\d\d-\d\d[T ]\d\d:)\d\d:\d\d")
EPOCH = re.compile(rb"(?<!\d)(1[67]\d{5})\d{3}(?=\.|\b)")
UUID = re.compile(rb"(-[0-9a-fA-F]{4}-[0-9a-fA-F]{4})[0-9a-fA-F]{8}\b")
LONG = re.compile(rb"(?<!\d)(20\d{8})\d{4}(?=\d*\b)")
NUMBER = re.compile(rb'(ObjectId"[^>]*?Value="|ObjectId=")\d+(?=")')


def payloads(name: str) -> dict[str, list[Payload]]:
    """Return the good recordings of a format, each in many variants, by the syntax of their documents: json, xml."""
    found: dict[str, list[Payload]] = {}
    for path in recordings(name):
        payload = Payload(path.read_bytes(), device_id="bench", received_at=RECEIVED_AT)
        try:
            records = decode(payload, name).records
        except RejectedError:
            continue
        if records:
            syntax = open_body(payload, Environment(payload))[0].syntax
            plates = {plate["raw"] for _, record in records for plate in record.get("plates", ())}
            found.setdefault(syntax, []).extend(variants(payload, name, plates, len(records)))
    return {syntax: _mixed(of_syntax) for syntax, of_syntax in found.items()}


def variants(payload: Payload, name: str, plates: Iterable[str], records: int) -> list[Payload]:
    """Return payloads, no two alike, that say the same at other times, of other plates, objects and devices."""
    made = {variant.body: variant for variant in (_variant(payload, plates, number) for number in range(VARIANTS))}
    return [variant for variant in made.values() if _count(variant, name) == records]


def _count(payload: Payload, name: str) -> int:
    """Return how many records are in it; 0 where a time of the recording cannot be another one (24:00:00)."""
    try:
        return len(decode(payload, name).records)
    except RejectedError:
        return 0


def _variant(payload: Payload, plates: Iterable[str], number: int) -> Payload:
    """Return one; its body is as long as the recording's, so that lengths in it stay right."""
    body = TIME.sub(rb"\g<1>%02d:%02d" % (number // 60 % 60, number % 60), payload.body)
    body = EPOCH.sub(rb"\g<1>%03d" % number, body)
    body = UUID.sub(rb"\g<1>%08x" % number, body)
    body = LONG.sub(rb"\g<1>%02d%02d" % (number // 60 % 60, number % 60), body)
    body = NUMBER.sub(rb"\g<1>%d" % number, body)
    for plate in plates:
        body = body.replace(plate.encode(), _plate(plate, number).encode())
    device, at = f"bench-{number % DEVICES}", payload.received_at + number * 1_000_000
    return replace(payload, body=body, device_id=device, received_at=at)


def _plate(plate: str, number: int) -> str:
    """Return another plate of the same form."""
    made = ""
    for character in reversed(plate):
        digits = "0123456789" if character.isdigit() else LETTERS if character in LETTERS else character
        number, place = divmod(number, len(digits))
        made = digits[place] + made
    return made


def _mixed(batch: list[Payload]) -> list[Payload]:
    """Return them so that no recording follows itself."""
    return sorted(batch, key=lambda payload: payload.received_at)


def rate(name: str, batch: list[Payload], seconds: float = SECONDS) -> float:
    """Return events a second of one core's time: bytes in, observation dicts out; the best of several runs.

    The best, since other work on the machine only ever makes a run slower.
    """
    for payload in batch:
        decode(payload, name)
    return max(_once(name, batch, seconds / RUNS) for _ in range(RUNS))


def _once(name: str, batch: list[Payload], seconds: float) -> float:
    events, start = 0, time.process_time()
    while (elapsed := time.process_time() - start) < seconds:
        for payload in batch:
            events += len(decode(payload, name).records)
    return events / elapsed


def run() -> dict[str, float]:
    """Return events a second by format; a format of two syntaxes has its XML under a name of its own."""
    rates: dict[str, float] = {}
    for name in formats():
        by_syntax = payloads(name)
        for syntax, batch in by_syntax.items():
            rates[name if syntax == "json" or len(by_syntax) == 1 else f"{name}.{syntax}"] = rate(name, batch)
    return rates


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key:32} {value:10,.0f} events/s")  # noqa: T201  # a benchmark's output
