"""Every recording is a golden case: what it decodes to is in the file beside it.

`FAIRWATCH_GOLDEN=1 pytest tests/formats/test_recordings.py` writes the expectations again; review them as a diff.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, recognise
from fairwatch.formats.loading import FOLDER
from fairwatch.formats.payload import Payload
from fairwatch.formats.translate import plain
from tests.support.recordings import recordings

RECORDINGS = recordings()
JSON = [path for path in RECORDINGS if path.suffix == ".json"]
RECEIVED = 1_772_600_000_000_000


def payload_of(path: Path) -> Payload:
    sidecar = path.with_name(f"{path.stem}.payload.json")
    extra = orjson.loads(sidecar.read_bytes()) if sidecar.exists() else {}
    return Payload(path.read_bytes(), device_id="dev-1", received_at=RECEIVED, **extra)


def outcome_of(path: Path) -> dict[str, Any]:
    payload = payload_of(path)
    try:
        decoded = decode(payload, path.parent.name)
    except RejectedError as error:
        return {"rejected": error.reason, "field": error.field}
    return ({"claims": claims_of(payload, path.parent.name)} if decoded.claims else {}) | {
        "records": [[kind, plain(record)] for kind, record in decoded.records],
        "skipped": [list(one) for one in decoded.skipped],
        "media": sorted(decoded.media),
        "removed_fields": decoded.removed_fields,
    }


def claims_of(payload: Payload, format_: str) -> list[Any]:
    """Return whom the device says it recognised, as it would travel by a list that holds everybody."""
    decoded = decode(replace(payload, listed=bool), format_)
    return [plain(record)["claim"] for _, record in decoded.records if record.get("claim")]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recording_decodes_to_what_is_expected(path: Path) -> None:
    expected = path.with_name(f"{path.name}.expected.json")
    found = outcome_of(path)
    if os.environ.get("FAIRWATCH_GOLDEN"):
        expected.write_bytes(
            orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        )
    assert orjson.loads(orjson.dumps(found)) == orjson.loads(expected.read_bytes())


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recording_is_recognised_as_its_own_format(path: Path) -> None:
    if "rejected" in outcome_of(path):
        pytest.skip("malformed on purpose")
    assert recognise(payload_of(path)).name == path.parent.name


def test_every_expectation_belongs_to_a_recording() -> None:
    expectations = {path.name.removesuffix(".expected.json") for path in FOLDER.glob("*/recordings/*/*.expected.json")}
    assert expectations == {path.name for path in RECORDINGS}


@pytest.mark.parametrize("path", JSON, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_order_of_fields_and_what_a_newer_version_adds_change_nothing_that_is_seen(path: Path) -> None:
    payload, format_ = payload_of(path), path.parent.name
    try:
        document = orjson.loads(payload.body)
    except orjson.JSONDecodeError:
        return
    other = replace(payload, body=orjson.dumps(_newer(document)))
    assert _seen(other, format_) == _seen(payload, format_)


def _newer(document: Any) -> Any:
    """Return a document with its fields the other way round, and a new one in the document and in each of its parts."""
    if isinstance(document, list):
        return [_newer(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {"newInThisVersion": "1", **{name: _backwards(value) for name, value in reversed(document.items())}}


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _backwards(inner) for name, inner in reversed(value.items())}
    return [_backwards(inner) for inner in value] if isinstance(value, list) else value


def _seen(payload: Payload, format_: str) -> Any:
    try:
        decoded = decode(payload, format_)
    except RejectedError as error:
        return error.reason
    ids = {"raw_sha256", "observation_id"}
    seen = [{name: value for name, value in record.items() if name not in ids} for _, record in decoded.records]
    return sorted(seen, key=lambda one: orjson.dumps(one, option=orjson.OPT_SORT_KEYS)), decoded.skipped
