"""The schemas folder proves itself, and the proof would notice."""

import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from fairwatch import processors
from fairwatch.apps.catalogue import components
from fairwatch.cli.main import build
from fairwatch.domain.processor import Spec
from fairwatch.wire.avro import Codec
from fairwatch.wire.example_checks import check_folder
from fairwatch.wire.schema_checks import RELEASED, check_released, freeze
from fairwatch.wire.schemas import FOLDER, load_all
from fairwatch.wire.topics import OUTSIDE, PARTIES, topics

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FOLDER, tmp_path / "schemas"))


def edit(path, change):
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def problems(folder):
    return [f"{problem.where}: {problem.what}" for problem in check_folder(folder)]


def test_folder_is_sound():
    assert problems(FOLDER) == []


def test_package_reads_the_folder_of_the_repository():
    assert FOLDER.resolve() == ROOT / "schemas"


def test_typed_dicts_are_current():
    command = [sys.executable, ROOT / "infra/tools/generate_records.py", "--check"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def next_version(folder, slug, change=lambda document: None):
    """Write v2 of a record with one more optional field and two examples."""
    path = folder / "avro" / f"{slug}.v2.avsc"
    shutil.copy(folder / "avro" / f"{slug}.v1.avsc", path)
    edit(path, lambda d: d["fields"].append({"name": "note", "type": "string", "default": "none", "doc": "A note."}))
    edit(path, change)
    shutil.copytree(folder / "examples" / slug / "1", folder / "examples" / slug / "2")
    for topic in (folder / "topics").glob("*.yaml"):
        content = yaml.safe_load(topic.read_text(encoding="utf-8"))
        if content["record"].lower() == slug:
            topic.write_text(yaml.safe_dump(content | {"version": 2}), encoding="utf-8")


def test_new_version_with_a_default_reads_every_example_of_the_old(folder):
    next_version(folder, "site")
    assert problems(folder) == []
    old, new = (schema for schema in load_all(folder) if schema.type == "Site")
    codec = Codec(schemas=load_all(folder))
    written = codec.encode_as(old, {"site_id": "harbour"})
    assert codec.decode(written)[1]["note"] == "none"
    assert codec.encode("Site", {"site_id": "harbour"})[2:10] == new.fingerprint


def test_new_version_that_cannot_read_the_old_is_found(folder):
    next_version(folder, "site", lambda document: document["fields"][-1].pop("default"))
    assert any("site/1/harbour.json" in problem for problem in problems(folder))


PROTECTED = [
    *("EthicCode", "ethnicity", "race", "NationalityCode", "religion", "hijab", "emotion", "skin_colour", "SkinColor"),
    *("complexion", "accent", "political_status", "person_nationality", "sexual_orientation", "smile"),
    *("IsSuspectedTerrorist", "IsCriminalInvolved"),
]


def test_no_schema_can_express_a_protected_attribute(folder):
    def add(document):
        document["fields"] += [{"name": name, "type": "string", "default": "", "doc": "A field."} for name in PROTECTED]

    edit(folder / "avro" / "device.v1.avsc", add)
    found = "\n".join(problems(folder))
    assert [name for name in PROTECTED if f"the name {name} stands for a protected attribute" not in found] == []


@pytest.mark.parametrize("change", ["symbol", "doc"])
def test_symbols_and_docs_express_none_either(folder, change):
    def add(document):
        if change == "doc":
            document["fields"][1]["doc"] = "GA/T EthicCode."
        else:
            enum = {"type": "enum", "name": "Wear", "symbols": ["HAT", "HIJAB"], "default": "HAT", "doc": "Worn."}
            document["fields"].append({"name": "wear", "type": enum, "default": "HAT", "doc": "Worn."})

    edit(folder / "avro" / "site.v1.avsc", add)
    assert any("protected attribute" in problem for problem in problems(folder))


def test_doc_may_say_that_something_is_removed(folder):
    edit(folder / "avro" / "site.v1.avsc", lambda d: d["fields"][1].update(doc="Name; GA/T EthicCode is removed."))
    assert not any("protected attribute" in problem for problem in problems(folder))


def test_field_without_doc_is_found(folder):
    edit(folder / "avro" / "site.v1.avsc", lambda document: document["fields"][1].pop("doc"))
    assert any("/Site/name: has no doc" in problem for problem in problems(folder))


def test_shared_type_that_differs_is_found(folder):
    def change(document):
        geo = next(field for field in document["fields"] if field["name"] == "geo")
        geo["type"][1]["fields"][0]["doc"] = "Otherwise."

    edit(folder / "avro" / "site.v1.avsc", change)
    assert any("GeoPoint differs" in problem for problem in problems(folder))


def test_gap_in_the_versions_is_found(folder):
    next_version(folder, "site")
    (folder / "avro/site.v2.avsc").rename(folder / "avro/site.v3.avsc")
    shutil.move(folder / "examples/site/2", folder / "examples/site/3")
    assert any("versions are [1, 3]" in problem for problem in problems(folder))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"record": "Sitting"}, "there is no record Sitting"),
        ({"version": 2}, "the newest is v1"),
        ({"key": "name.x"}, "has no field name.x"),
        ({"producers": ["enrich"]}, "producers: enrich: only sdk and cli"),
        ({"partitons": 3}, "partitons"),
        ({"cleanup": "shred"}, "cleanup"),
    ],
)
def test_wrong_topic_file_is_found_and_named(folder, change, found):
    path = folder / "topics" / "sites.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    (problem,) = [problem for problem in problems(folder) if found in problem]
    assert "sites" in problem


def test_record_that_no_topic_carries_is_found(folder):
    for path in (folder / "topics").glob("audit*.yaml"):
        path.unlink()
    assert any("audit-record.v1.avsc: is carried by no topic" in problem for problem in problems(folder))


def test_example_that_does_not_fit_is_found_and_its_field_named(folder):
    edit(folder / "examples/site/1/harbour.json", lambda document: document["geo"].update(lat="north"))
    assert any("Site.geo.lat 'north' is no finite double" in problem for problem in problems(folder))


def test_missing_examples_are_found(folder):
    (folder / "examples/site/1/harbour.json").unlink()
    assert any("site.v1.avsc: has 1 examples" in problem for problem in problems(folder))


def test_released_files_are_frozen(folder):
    (folder / RELEASED).unlink(missing_ok=True)
    released = freeze(folder)
    assert len(released) == len(list((folder / "avro").glob("*.avsc")))
    assert list(check_released(folder)) == []
    edit(folder / "avro/site.v1.avsc", lambda document: document.update(doc="Edited."))
    assert [problem.where for problem in check_released(folder)] == ["avro/site.v1.avsc"]
    assert freeze(folder) == []
    assert list(check_released(folder)), "freezing again does not forgive an edit"


def test_released_file_that_is_gone_is_found(folder):
    freeze(folder)
    (folder / "avro/site.v1.avsc").unlink()
    assert any("was released and is gone" in problem.what for problem in check_released(folder))


def test_command_tells_problems_by_its_exit_code(folder):
    run = CliRunner().invoke
    assert run(build(["schemas"]), ["schemas", "check", "--folder", str(folder)]).exit_code == 0
    edit(folder / "avro" / "site.v1.avsc", lambda document: document["fields"][1].pop("doc"))
    result = run(build(["schemas"]), ["schemas", "check", "--json", "--folder", str(folder)])
    assert result.exit_code == 1
    assert json.loads(result.stdout.splitlines()[0])["what"] == "has no doc"
    assert run(build(["schemas"]), ["schemas", "freeze", "--folder", str(folder)]).exit_code == 1


def test_co_partitioned_topics_have_as_many_partitions():
    for group in (
        ("observations", "sightings"),
        ("candidates", "verifications", "verdicts"),
        ("alert-triggers", "alert-actions", "alerts"),
    ):
        assert len({topics()[name].partitions for name in group}) == 1
        assert len({topics()[name].key.rpartition(".")[2] for name in group}) == 1


def test_dead_letters_outlive_their_topic():
    for name, topic in topics().items():
        if topic.dead_letters:
            letters = topics()[f"{name}-dlq"]
            assert letters.record == "DeadLetter"
            assert letters.retention_hours > topic.retention_hours
            answer_for_it = {spec.name for spec in specs() if name in spec.reads}
            assert set(letters.producers) == (answer_for_it or set(topic.consumers) - OUTSIDE) <= set(PARTIES)


def specs():
    for module in pkgutil.iter_modules(processors.__path__):
        for value in vars(importlib.import_module(f"fairwatch.processors.{module.name}")).values():
            if isinstance(spec := getattr(value, "spec", None), Spec):
                yield spec


def test_topics_name_the_processors_that_read_and_write_them():
    known = {spec.name: spec for spec in specs()}
    assert known.keys() <= set(PARTIES)
    for name, topic in topics().items():
        if name.endswith("-dlq"):
            continue
        reads = {spec.name for spec in known.values() if name in (*spec.reads, *spec.references)}
        writes = {spec.name for spec in known.values() if name in spec.writes}
        assert reads == known.keys() & set(topic.consumers), name
        assert writes == known.keys() & set(topic.producers), name


def test_parties_are_the_components_and_two_more():
    assert set(PARTIES) == {*components(), "sdk", "cli"}
