"""What `topics apply` does and leaves to people, on a broker in memory; `test_topics_applied.py` has Kafka."""

from typing import Any

import pytest
from kafka.errors import KafkaConnectionError, TopicAlreadyExistsError

from fairwatch.apps.topics import Change, Told, apply, differences
from fairwatch.domain.errors import RetryableError
from fairwatch.wire.topics import topics

PREFIX, STATE = "p-", "p-fairwatch-enrich-state"


class Broker:
    """The admin client of a broker with topics in memory, as kafka-python gives it."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, str]] = {}
        self.counts: dict[str, int] = {}
        self.away = False
        self.taken = False

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        if self.away:
            raise KafkaConnectionError("away")
        return [
            {"name": name, "partitions": [{}] * self.counts.get(name, 0), "error_code": int(name not in self.topics)}
            for name in names
        ]

    def describe_configs(self, asked: list[Any], config_filter: str) -> dict[str, Any]:
        assert config_filter == "all"
        found = {one.name: self.topics[one.name] for one in asked}
        return {"topic": {name: {key: {"value": text} for key, text in kept.items()} for name, kept in found.items()}}

    def create_topics(self, new: dict[str, dict[str, Any]]) -> None:
        if self.taken:
            raise TopicAlreadyExistsError
        for name, options in new.items():
            self.topics[name], self.counts[name] = dict(options["configs"]), options["num_partitions"]

    def wait_for_topics(self, names: list[str], timeout_ms: int) -> None:
        assert timeout_ms > 0

    def delete_topics(self, names: list[str]) -> None:
        for name in names:
            del self.topics[name], self.counts[name]

    def alter_configs(self, resources: list[Any], *, raise_on_unknown: bool) -> None:
        for resource in resources:
            self.topics[resource.name].update(resource.configs)

    def create_partitions(self, wanted: dict[str, int]) -> None:
        self.counts.update(wanted)


@pytest.fixture
def broker() -> Broker:
    """Give a broker on which everything is as the files say, with two partitions at most, and enrich has a state."""
    made = Broker()
    apply(made, differences(made, PREFIX, 2), PREFIX, 2)
    made.topics[STATE], made.counts[STATE] = {"cleanup.policy": "compact"}, 2
    assert differences(made, PREFIX, 2) == []
    return made


def actions(changes: list[Change], name: str) -> list[tuple[str, str, str | None, str]]:
    return [(one.action, one.what, one.before, one.after) for one in changes if one.resource == PREFIX + name]


def test_everything_is_made_with_its_own_settings(broker: Broker) -> None:
    assert {name for name in broker.topics if name != STATE} == {PREFIX + name for name in topics()}
    assert all(broker.topics[PREFIX + name] == topic.configuration() for name, topic in topics().items())
    assert set(broker.counts.values()) <= {1, 2}


def test_partitions_are_added_where_no_key_moves_away_from_what_is_kept_for_it(broker: Broker) -> None:
    found = differences(broker, PREFIX, 3)
    assert actions(found, "raw-events") == [("add", "partitions", "2", "3")]
    assert actions(found, "observations") == [("by hand", "partitions", "2", "3")]
    assert actions(found, "fairwatch-enrich-state") == [("by hand", "partitions", "2", "3")]
    assert all("--move-keys" in one.advice for one in found if one.action == "by hand")
    apply(broker, found, PREFIX, 3)
    assert (broker.counts["p-raw-events"], broker.counts["p-observations"]) == (3, 2)
    apply(broker, differences(broker, PREFIX, 3, told=Told(move_keys=True)), PREFIX, 3)
    assert (broker.counts["p-observations"], broker.counts[STATE]) == (3, 3)
    assert differences(broker, PREFIX, 3) == []


def test_partitions_are_never_taken_away(broker: Broker) -> None:
    [change] = [one for one in differences(broker, PREFIX, 1) if one.resource == "p-raw-events"]
    assert (change.action, change.before, change.after) == ("by hand", "2", "1")
    assert "Kafka takes no partitions away" in change.advice


def test_settings_that_differ_are_set_and_the_order_of_a_list_is_none(broker: Broker) -> None:
    broker.topics["p-raw-events"]["retention.ms"] = "7"
    policy = broker.topics["p-alerts"]["cleanup.policy"]
    broker.topics["p-alerts"]["cleanup.policy"] = ", ".join(reversed(policy.split(",")))
    broker.topics[STATE]["cleanup.policy"] = "delete"
    found = differences(broker, PREFIX, 2)
    kept = topics()["raw-events"].configuration()["retention.ms"]
    assert found == [
        Change(STATE, "set", "cleanup.policy", "delete", "compact"),
        Change("p-raw-events", "set", "retention.ms", "7", kept),
    ]
    apply(broker, found, PREFIX, 2)
    assert differences(broker, PREFIX, 2) == []


def test_a_topic_is_made_anew_with_the_state_that_rests_on_it_only_when_told(broker: Broker) -> None:
    broker.topics["p-observations"]["old"] = "1"
    found = differences(broker, PREFIX, 2, told=Told(recreate=frozenset({"observations"})))
    assert [(one.resource, one.action) for one in found] == [(STATE, "delete"), ("p-observations", "recreate")]
    apply(broker, found, PREFIX, 2)
    assert STATE not in broker.topics
    assert "old" not in broker.topics["p-observations"]


def test_a_topic_that_somebody_else_made_meanwhile_is_no_fault(broker: Broker) -> None:
    del broker.topics["p-audit"]
    broker.taken = True
    apply(broker, differences(broker, PREFIX, 2), PREFIX, 2)


def test_a_broker_that_is_away_may_be_asked_again(broker: Broker) -> None:
    broker.away = True
    with pytest.raises(RetryableError, match="topics cannot be described"):
        differences(broker, PREFIX, 2)
    recreated = [Change("p-audit", "recreate", "topic", "2 partitions", "")]
    with pytest.raises(RetryableError, match="topics cannot be applied"):
        apply(broker, recreated, PREFIX, 2)


def test_a_run_that_knows_no_lifetimes_makes_none_longer_and_still_shortens(broker: Broker) -> None:
    for name, lifetime in (("sightings", "3600000"), ("alerts", "-1")):
        broker.topics[PREFIX + name]["retention.ms"] = lifetime
    careful = differences(broker, PREFIX, 2, told=Told(keep_shorter=True))
    assert [(one.resource, one.after) for one in careful] == [(PREFIX + "alerts", str(2160 * 3_600_000))]
    assert {one.resource for one in differences(broker, PREFIX, 2)} == {PREFIX + "alerts", PREFIX + "sightings"}
