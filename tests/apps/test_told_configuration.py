"""The audit log has which configuration each component was started with, and who changed reference data."""

from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from fairwatch.apps.messages import read
from fairwatch.apps.processors import run_processor
from fairwatch.apps.publishing import publish
from fairwatch.apps.settings import Settings
from fairwatch.apps.told_configuration import ORIGIN, files_of, origin_of, tell, told
from fairwatch.apps.topics_access import flows
from fairwatch.domain.clock import SystemClock
from fairwatch.engine.config import Resources
from fairwatch.parts import of_kind
from fairwatch.policy.audit_chain import identity
from fairwatch.wire.avro import Codec
from fairwatch.wire.topics import topics
from tests.support.console_world import RememberingPublisher

SITE = {"site_id": "harbour", "name": "Harbour", "time_zone": "UTC"}


def test_the_same_files_are_the_same_record_and_any_change_of_one_is_another(tmp_path: Path) -> None:
    (tmp_path / "receivers.yaml").write_text("receivers: []")
    (tmp_path / "access.cedar").write_text("permit (principal, action, resource);")
    (tmp_path / "notes.txt").write_text("nothing reads it")
    first = told("notify", files_of(tmp_path), 1)
    assert set(first["details"]) == {"receivers.yaml", "access.cedar"}
    assert identity(told("notify", files_of(tmp_path), 2)) == identity(first)
    (tmp_path / "receivers.yaml").write_text("receivers: [ ]")
    assert identity(told("notify", files_of(tmp_path), 2)) != identity(first)
    assert identity(told("retain", files_of(tmp_path), 2)) != identity(told("notify", files_of(tmp_path), 2))


async def test_a_component_starts_though_the_log_takes_nothing(tmp_path: Path) -> None:
    publisher = RememberingPublisher()
    publisher.away.add("audit")
    await tell(Settings(config_dir=tmp_path), "console", publisher)
    publisher.away.clear()
    await tell(Settings(config_dir=tmp_path / "nowhere"), "console", publisher)
    assert publisher.actions() == ["configuration.read"]


async def test_reference_data_that_somebody_publishes_is_in_the_log_before_it_is_written() -> None:
    publisher = RememberingPublisher()
    found = iter([("sites.json", SITE)])
    results = [one async for one in publish(publisher, topics()["sites"], found, actor="operator:pat")]  # type: ignore[arg-type]
    assert [one.outcome for one in results] == ["published"]
    [(first, _, record), (second, *_)] = publisher.published
    assert (first, second) == ("audit", "sites")
    assert (record["action"], record["actor"], record["details"]["offered"]) == (
        "records.published",
        "operator:pat",
        "1",
    )


def test_files_that_no_commit_gave_say_that_nobody_knows_who_wrote_them(tmp_path: Path) -> None:
    assert list(origin_of(tmp_path)) == ["by"]
    for damaged in ("", "[]", '{"commit": ""}', "{"):
        (tmp_path / ORIGIN).write_text(damaged)
        assert list(origin_of(tmp_path)) == ["by"]
    (tmp_path / ORIGIN).write_text('{"commit": "c0ffee", "author": "ann <ann@example.org>", "signer": "ann"}')
    assert origin_of(tmp_path)["by author"] == "ann <ann@example.org>"


def test_every_component_that_runs_may_tell_the_log_what_it_was_started_with() -> None:
    running = [*of_kind("processor"), *of_kind("gateway"), "console"]
    assert [name for name in running if "audit" not in flows()[name].writes] == []


@pytest.mark.broker
@pytest.mark.parametrize("name", ["normalize", "project", "audit"])
async def test_a_processor_that_runs_alone_tells_what_it_was_started_with(
    name: str, broker: str, make_topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trust.yaml").write_text("administrators: []")
    settings = Settings(
        kafka_bootstrap=broker, topic_prefix=make_topics("audit"), embedded=True, config_dir=tmp_path,
        redis_url=SecretStr("redis://127.0.0.1:1"), media_url=tmp_path.as_uri(),
    )  # fmt: skip
    started: dict = {}
    monkeypatch.setattr("fairwatch.engine.worker.run_worker", lambda processors, *_: started.update(processors) or 0)
    run_processor(settings, name)
    [(spec, build)] = started.items()
    with suppress(Exception):  # what it is built of is for its own tests
        await build(Resources(SystemClock(), None, {topic: {} for topic in spec.references}))
    [told_] = [Codec().decode(one.raw.value)[1] for one in read(settings, "audit") if one.raw.value]
    assert (told_["action"], told_["actor"]) == ("configuration.read", f"component:{name}")
    assert told_["details"].keys() == {"trust.yaml", "by"}
