"""`fairwatch topics apply` on Apache Kafka: partitions that are added, and what is only done when told."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from fairwatch.apps import kafka
from fairwatch.apps import settings as settings_module
from fairwatch.apps.processors import engine_config
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import present
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.topics import ensure_changelog
from fairwatch.wire.topics import topics
from tests.support.kafka_cluster import one_broker

pytestmark = pytest.mark.kafka


@pytest.fixture
def apply(monkeypatch):
    """Give a function that applies with an upper bound of partitions; a broker of its own is behind it."""
    with one_broker() as broker:
        monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker.address)

        def run(most, *options):
            monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", str(most))
            settings_module.settings.cache_clear()
            arguments = ["topics", "apply", "--json", *options]
            with ThreadPoolExecutor(1) as pool:  # a command has an event loop of its own
                result = pool.submit(CliRunner().invoke, build(arguments), arguments).result()
            assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            changes = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
            return result, {(change["resource"], change["action"]) for change in changes}

        run.settings = Settings(kafka_bootstrap=broker.address)
        yield run
    settings_module.settings.cache_clear()


def partitions(settings, *names):
    admin = kafka.admin(settings)
    try:
        return {name: int(found["partitions"]) for name, found in present(admin, names).items()}
    finally:
        admin.close()


async def test_partitions_are_added_but_keys_moved_and_topics_made_anew_only_when_told(apply):
    config, state = engine_config(apply.settings), "fairwatch-enrich-state"
    assert apply(2)[0].exit_code == 0
    await ensure_changelog(config, state, "observations")

    result, done = apply(3)
    assert result.exit_code == 2
    assert ("raw-events", "add") in done
    assert {("observations", "by hand"), ("devices", "by hand"), (state, "by hand")} <= done
    assert partitions(apply.settings, "raw-events", "observations", state) == {
        "raw-events": 3, "observations": 2, state: 2,
    }  # fmt: skip

    result, done = apply(3, "--move-keys")
    assert (result.exit_code, {action for _, action in done}) == (0, {"add"})
    assert "kept for them stays in their old partitions" in " ".join(result.stderr.split())
    many = [name for name, topic in topics().items() if topic.partitions > 1]  # one by design stays one
    assert set(partitions(apply.settings, *many, state).values()) == {3}
    await ensure_changelog(config, state, "observations")
    assert apply(3)[0].exit_code == 0

    result, done = apply(1)
    assert (result.exit_code, {action for _, action in done}) == (2, {"by hand"})
    assert set(partitions(apply.settings, *many).values()) == {3}, "nothing shrinks by itself"
    result, done = apply(1, "--recreate", "observations", "--recreate", "sites")
    assert result.exit_code == 2, "the others still have too many"
    assert {("observations", "recreate"), ("sites", "recreate"), (state, "delete")} <= done
    assert partitions(apply.settings, "observations", "sites", "devices", state) == {
        "observations": 1, "sites": 1, "devices": 3,
    }  # fmt: skip


async def test_a_state_with_too_few_partitions_keeps_the_processor_from_starting_and_names_the_remedy(apply):
    config, state = engine_config(apply.settings), "fairwatch-enrich-state"
    apply(2)
    await ensure_changelog(config, state, "observations")
    admin = kafka.admin(apply.settings)
    admin.create_partitions({"observations": 4})
    admin.close()
    with pytest.raises(ConfigurationError, match=r"has 2 partitions but observations has 4: .*--move-keys"):
        await ensure_changelog(config, state, "observations")
    result, done = apply(4, "--move-keys")
    assert (result.exit_code, (state, "add") in done) == (0, True)
    await ensure_changelog(config, state, "observations")
