"""Integrators learn what a device says that nobody reads: names and shapes, never a value, within fixed bounds."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from fairwatch.formats.catalogue import decode
from fairwatch.formats.drift import MORE, SAMPLED, FieldDrift
from fairwatch.formats.payload import Payload

HIDDEN = ("juifjuifjuif", "e7b6ade590bee788be", "xbx5ZG93c2tp", "person_ortodoks")
AT = 1_772_600_000_000_000


def payload(device: str = "cam-1", **extra: Any) -> Payload:
    body = {"eventType": "VMD", "eventState": "active", "channelID": 1, "dateTime": "2026-01-01T00:00:00Z", **extra}
    return Payload(orjson.dumps(body), device_id=device, received_at=AT)


def look(drift: FieldDrift, given: Payload, digest: str = "1" * 64) -> list[dict[str, Any]]:
    return drift.of(given, decode(given), digest)


def test_a_field_that_no_row_names_is_told_by_path_and_shape_without_its_value() -> None:
    found = look(FieldDrift(), payload(newThing={"level": 3, "on": True, "word": "secret-value"}))
    assert [(one["path"], one["shape"], one["weight"]) for one in found] == [
        ("newThing.level", "NUMBER", 1),
        ("newThing.on", "FLAG", 1),
        ("newThing.word", "TEXT", 1),
    ]
    assert "secret-value" not in str(found)
    assert {(one["format"], one["device_id"], one["seen_at"]) for one in found} == {("hikvision-isapi", "cam-1", AT)}


def test_items_of_a_list_are_one_field() -> None:
    (found,) = look(FieldDrift(), payload(things=[{"size": 1}, {"size": 2}]))
    assert found["path"] == "things.#.size"


@pytest.mark.parametrize(
    "name", ["ethnicity", "face.race", "password", "Jane Roe", "person-uyghur", "民族", "x" * 60, *HIDDEN]
)
def test_a_name_that_is_protected_or_says_something_itself_is_not_told(name: str) -> None:
    assert not look(FieldDrift(), payload(**{name: "1"}))


def test_what_a_declaration_reads_keeps_or_skips_is_no_drift() -> None:
    assert not look(FieldDrift(), payload(activePostCount=3))
    heartbeat = Payload(b'{"eventType":"videoloss","eventState":"inactive","ipAddress":"1.2.3.4","odd":1}')
    assert not look(FieldDrift(), heartbeat)


def test_only_the_first_payloads_of_a_kind_are_looked_at_and_then_a_sample_that_a_replay_repeats() -> None:
    drift, given = FieldDrift(), payload(odd=1)
    digests = [f"{number:08x}" + "0" * 56 for number in range(1, 2 * SAMPLED + 1)]
    looked = {digest: look(drift, given, digest) for digest in digests}
    weights = [found[0]["weight"] for found in looked.values() if found]
    assert weights == [1, 1, 1, SAMPLED, SAMPLED]
    assert {digest: look(drift, given, digest) for digest in digests} == looked
    assert look(drift, payload("cam-2", odd=1), digests[50]), "another device is looked at for itself"


def test_ten_thousand_unknown_names_grow_nothing_and_are_told_as_more() -> None:
    drift = FieldDrift()
    for number in range(100):
        names = {f"f{number}x{at}": at for at in range(100)}
        found = look(drift, payload(f"cam-{number}", **names))
        assert len(found) <= 51
        assert found[-1]["path"] == MORE
    assert len(drift._known["hikvision-isapi"]) == 500


def test_a_million_unknown_names_in_large_bodies_are_not_traced() -> None:
    """Tracing them would take the hub a second each; that there are more is all that is told of them."""
    drift = FieldDrift()
    given = payload(**{f"odd{at}": at for at in range(10_000)})
    decoded = decode(given)
    for number in range(100):
        (found,) = drift.of(replace(given, device_id=f"cam-{number}"), decoded, f"{number:064x}")
        assert (found["path"], found["shape"], found["device_id"]) == (MORE, "OTHER", f"cam-{number}")
    assert drift._known == {}
