"""How many events a second each adapter decodes on one core, over the repository's recordings."""

import time
from pathlib import Path

from fairwatch.adapters.catalogue import decode, formats
from fairwatch.adapters.environment import Environment
from fairwatch.adapters.opening import open_body
from fairwatch.adapters.payload import Payload
from fairwatch.domain.errors import RejectedError

FOLDER = Path(__file__).parents[1] / "adapters" / "recordings"
SECONDS, RUNS = 2.0, 8


def payloads(name: str) -> dict[str, list[Payload]]:
    """Return the good recordings of a format by the syntax of their documents: json, xml."""
    found: dict[str, list[Payload]] = {}
    for path in sorted((FOLDER / name).glob("*")):
        if path.name.endswith((".expected.json", ".payload.json")):
            continue
        payload = Payload(path.read_bytes(), device_id="bench", received_at=1_772_600_000_000_000)
        try:
            if not decode(payload, name).records:
                continue
        except RejectedError:
            continue
        syntax = open_body(payload, Environment(payload))[0].syntax
        found.setdefault(syntax, []).append(payload)
    return found


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
