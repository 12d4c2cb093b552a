"""Every declaration keeps the rules of the library, so that a new one needs no test of its own."""

import re
from pathlib import Path

import orjson
import pytest
import yaml

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.formats.bodies.documents import parse
from fairwatch.formats.bodies.opening import open_body
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.declaration import Row, load
from fairwatch.formats.language.program import rows_of
from fairwatch.formats.loading import FOLDER
from fairwatch.formats.payload import Payload
from fairwatch.policy.protected import is_protected, is_proxy_value
from fairwatch.wire.avro import Codec
from fairwatch.wire.kinds.tables import code_tables
from tests.support.recordings import folder_of, recordings

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT.parent / "shared" / "fixtures"
RECORDINGS = recordings()
FOREIGN = sorted(FIXTURES.glob("*/*")) if FIXTURES.is_dir() else []
OWN = {"hikvision": "hikvision-isapi", "frigate": "frigate"}
# Which formats the recorded payloads of a system may be in.
SYSTEMS = {
    "axis": "axis-dataq axis-event axis-lpv axis-scene onvif-event onvif-metadata",
    "azure_face": "azure-face",
    "cap": "cap",
    "dahua": "dahua",
    "cloudevents": "cloudevents",
    "compreface": "compreface",
    "deepstack": "deepstack",
    "deepstream": "nvschema",
    "dlstreamer": "dlstreamer",
    "double_take": "double-take",
    "gb28181": "gb28181",
    "meraki": "meraki-mv",
    "openalpr": "openalpr",
    "platerecognizer": "platerecognizer",
    "rekognition": "rekognition",
    "reolink": "reolink",
    "scenescape": "scenescape",
    "unifi_protect": "unifi-protect",
    "verkada": "verkada",
    "viseron": "viseron",
}
# Listings of other transports, a log, headers without a body of ours, more events than one body may have, an attack.
CLOSED = (
    "cap/cap_xee.xml",
    "*protocol-binding*.txt",
    "json-format*.txt",
    "scene_readme_6_log.txt",
    "verifiability_727.txt",
    "raw_events_1351.jsonl",
)
LOOKALIKE = re.compile(r"\.bad\.")


def event_types(rows: list[Row]) -> set[str]:
    return {
        str(value)
        for row in rows
        for value in (*row.values.values(), row.value, row.default)
        if value is not None and not row.rows
    }


@pytest.mark.parametrize("name", sorted(formats()))
def test_declaration_speaks_the_vocabulary(name: str) -> None:
    declaration = formats()[name].declaration
    for message in declaration.messages:
        if message.type == "Observation":
            assert event_types(rows_of(declaration, message).get("event_type", [])) <= EVENT_TYPES, message.name


@pytest.mark.parametrize("name", sorted(formats()))
def test_declaration_has_recordings_and_a_refusal(name: str) -> None:
    outcomes = [orjson.loads(path.read_bytes()) for path in folder_of(name).glob("*.expected.json")]
    assert sum("records" in outcome for outcome in outcomes) >= 5
    assert any("rejected" in outcome for outcome in outcomes)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recording_belongs_to_one_format_and_gives_valid_records(path: Path) -> None:
    sidecar = path.with_name(f"{path.stem}.payload.json")
    payload = Payload(path.read_bytes(), **(orjson.loads(sidecar.read_bytes()) if sidecar.exists() else {}))
    try:
        decoded = decode(payload, path.parent.name)
        documents = open_body(payload, Environment(payload)) if decoded.records else []
    except RejectedError:
        return
    for document in documents:
        found = [
            one.name
            for one in formats().values()
            if one.recognises(document.syntax, document.tree, Environment(payload))
        ]
        assert found == [path.parent.name]
    codec = Codec()
    for kind, record in decoded.records:
        codec.encode(kind, record)
        assert not any(map(is_proxy_value, record.get("extensions", {}).values()))
        assert not [field for field in record.get("extensions", {}) if is_protected(field)]


@pytest.mark.skipif(not FOREIGN, reason="the shared fixtures are not here")
@pytest.mark.parametrize("system", sorted(OWN))
def test_every_well_formed_fixture_speaks_and_every_bad_one_is_rejected(system: str) -> None:
    for path in sorted((FIXTURES / system).glob("*")):
        for name in (None, OWN[system]):
            payload = Payload(path.read_bytes(), device_id="d", received_at=1)
            if LOOKALIKE.search(path.name):
                with pytest.raises(RejectedError):
                    decode(payload, name)
            else:
                decoded = decode(payload, name)
                assert decoded.format == OWN[system]
                assert decoded.records or decoded.skipped


@pytest.mark.skipif(not FOREIGN, reason="the shared fixtures are not here")
@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_well_formed_fixture_of_a_system_is_read_or_skipped_by_name(system: str) -> None:
    for path in sorted((FIXTURES / system).glob("*")):
        if LOOKALIKE.search(path.name) or any(path.match(pattern) for pattern in CLOSED):
            continue
        decoded = decode(Payload(path.read_bytes(), device_id="d", received_at=1))
        assert decoded.format in SYSTEMS[system].split(), path.name
        assert decoded.records or decoded.skipped, path.name
        assert {reason for reason, _ in decoded.skipped}.isdisjoint({"unknown_message"}), path.name


@pytest.mark.skipif(not FOREIGN, reason="the shared fixtures are not here")
def test_no_fixture_is_claimed_by_two_formats() -> None:
    for path in FOREIGN:
        payload = Payload(path.read_bytes())
        try:
            documents = open_body(payload, Environment(payload))
        except RejectedError:
            continue
        for document in documents[:20]:
            found = [
                one.name
                for one in formats().values()
                if one.recognises(document.syntax, document.tree, Environment(payload))
            ]
            assert len(found) <= 1, path


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"extra": 1}, "extra"),
        ({"messages": [{"name": "a", "rows": {"event_type": {"path": "x", "value": "y"}}}]}, "exactly one"),
    ],
)
def test_wrong_declaration_names_its_place(tmp_path: Path, change: dict, place: str) -> None:
    good = {"format": "x", "title": "X", "recognise": [{"when": {"a": True}}], "messages": [{"name": "a", "skip": "b"}]}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({**good, **change}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=place):
        load(path)


def test_a_family_is_imported_by_nobody_but_itself() -> None:
    families = {path.parent.name for path in FOLDER.glob("*/*.yaml")}
    for path in FOLDER.parent.rglob("*.py"):
        imported = set(re.findall(r"^from fairwatch\.formats\.(\w+)", path.read_text("utf-8"), re.MULTILINE))
        assert not imported & families - {path.parent.name}, path


def test_every_format_is_a_file_and_none_is_forgotten() -> None:
    assert set(formats()) == {path.stem for path in FOLDER.glob("*/*.yaml")}
    assert parse(b"<a/>") == ("xml", {"a": ""})


def test_every_code_system_that_a_declaration_names_has_a_table() -> None:
    named = {
        system
        for path in FOLDER.glob("*/*.yaml")
        for system in re.findall(r"(?:code|codes|colour_word) ([a-z][\w-]*:[\w-]+)", path.read_text())
    }
    assert named
    assert not [system for system in sorted(named) if code_tables().table(system) is None]
