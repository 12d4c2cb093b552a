"""Where an alert comes from is shown to whoever checks, once the audit log has who looks; and nothing beyond it."""

import pytest

from fairwatch.apps.lineage.collect import gather
from fairwatch.apps.lineage.explain import explained_here, without
from fairwatch.apps.lineage.steps import explained
from fairwatch.domain.errors import ConfigurationError
from tests.apps.test_explained import HOUR, match
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.records import AT, trigger

ALERT = trigger(n=1, at=AT, authorisation_id="auth-1")
PATH = f"/api/alerts/{ALERT['alert_id']}/lineage"
TOLD = {"alert_id": ALERT["alert_id"], "chain": [{"step": "bytes", "status": "found", "facts": []}]}


class Explaining:
    """Explains one alert, and remembers what it was asked."""

    def __init__(self, **fault):
        self.asked, self.fault = [], fault

    async def __call__(self, alert_id):
        self.asked.append(alert_id)
        if self.fault:
            raise self.fault["fault"]
        return TOLD


async def asked_by(valkey, folder, name, explaining, path=PATH, away=()):
    async with console_world(valkey, folder, lineage=explaining) as world:
        await world.fold("alerts", ALERT)
        caller = await world.caller(name)
        world.publisher.away = set(away)
        status, body = await caller.get(path)
        return status, body, world.publisher.actions()


async def test_an_auditor_sees_the_chain_and_is_in_the_audit_log(valkey, tmp_path):
    explaining = Explaining()
    status, body, actions = await asked_by(valkey, tmp_path, "audra", explaining)
    assert (status, body, actions[-1]) == (200, TOLD, "alert.explained")


@pytest.mark.parametrize("name", ["olga", "ben", "adam"])
async def test_nobody_else_does(valkey, tmp_path, name):
    explaining = Explaining()
    status, _, actions = await asked_by(valkey, tmp_path, name, explaining)
    assert (status, explaining.asked, actions[-1]) == (403, [], "access.denied")


async def test_nothing_is_read_before_the_audit_log_has_it(valkey, tmp_path):
    explaining = Explaining()
    status, _, _ = await asked_by(valkey, tmp_path, "audra", explaining, away={"audit"})
    assert (status, explaining.asked) == (503, [])


async def test_an_alert_that_nobody_knows_makes_nothing_be_read(valkey, tmp_path):
    explaining = Explaining()
    status, _, actions = await asked_by(valkey, tmp_path, "audra", explaining, path="/api/alerts/unknown/lineage")
    assert (status, explaining.asked, "alert.explained" in actions) == (404, [], False)


async def test_an_alert_whose_records_are_gone_is_told_so(valkey, tmp_path):
    explaining = Explaining(fault=ConfigurationError("the topic alerts holds no alert"))
    status, body, _ = await asked_by(valkey, tmp_path, "audra", explaining)
    assert (status, body["error"]) == (404, "gone")


async def test_a_console_without_it_says_that_it_is_not_there(world: ConsoleWorld):
    await world.fold("alerts", ALERT)
    assert (await (await world.caller("audra")).get(PATH))[0] == 404


def test_the_console_tells_the_hash_of_the_bytes_and_reads_none_of_them():
    topics, reference = match()
    alert_id = trigger("watchlist|entry-1")["alert_id"]
    found = gather(without(topics.find, {"raw-events"}), lambda name: reference.get(name, {}), alert_id)
    assert "raw-events" not in {topic for topic, *_ in topics.asked}
    told = explained_here(explained(found, lambda *_: "authentic", AT + HOUR), {"raw-events"})
    steps = {step["step"]: step for step in told["chain"]}
    assert (steps["bytes"]["status"], steps["bytes"]["facts"]) == ("not read here", [])
    assert "fairwatch explain" in steps["bytes"]["why"]
    assert steps["format"]["facts"][0]["raw_sha256"]
    assert steps["threshold"]["facts"]
    assert "AB123" not in str(told)
