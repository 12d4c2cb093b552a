"""A shadow rule runs and tells nobody, and takes nothing from the others."""

from fairwatch.apps.rehearsal.hub import Rehearsal
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_faults import rule_faults
from fairwatch.policy.rule_trace import trace
from fairwatch.policy.subject import of_sighting
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.records import AT, sighting

ROUTES = {
    "route": {
        "receivers": ["room"],
        "routes": [{"name": "tried", "shadow": True, "match": {}}, {"name": "real", "match": {}}],
    }
}


def counted(state):
    return REGISTRY.get_sample_value("fairwatch_shadow_alerts_total", {"rule": "tried", "state": state}) or 0


async def test_what_a_shadow_rule_would_have_told_is_counted_and_told_to_nobody():
    before = {state: counted(state) for state in ("NEW", "ENDED")}
    hub = Rehearsal(RouteTree(Routes.model_validate(ROUTES)), AT)
    await hub.show("Sighting", sighting())
    await hub.pass_time(AT + 3_600_000_000)
    assert [alert["rule"] for alert in hub.alerts] == ["real", "real"]
    assert [(message.receiver, message.alert["rule"]) for message in hub.messages] == [("room", "real")] * 2
    assert {state: counted(state) - before[state] for state in before} == {"NEW": 1, "ENDED": 1}


def test_a_shadow_rule_takes_nothing_from_the_rules_after_it():
    tree = RouteTree(Routes.model_validate(ROUTES))
    assert list(rule_faults(tree)) == []
    steps = trace(tree, of_sighting(sighting()))
    assert [(step.name, step.raises) for step in steps[1:]] == [("tried", True), ("real", True)]
