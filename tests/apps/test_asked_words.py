"""A word for a people or a faith in what somebody registers is asked about; the answer is audited."""

import json
from typing import Any

import pytest

from fairwatch.apps.asked_words import answered
from fairwatch.apps.publishing import Answer, Result, publish
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.topics import topics


class Memory:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, Any]] = []

    async def publish(self, topic: str, key: str, record: Any, headers: Any = None) -> None:
        self.published.append((topic, key, record))


async def published(record: dict[str, Any], answer: Answer | None = None) -> tuple[Memory, list[Result]]:
    memory = Memory()
    found = iter([("devices.json", json.loads(json.dumps(record)))])
    return memory, [one async for one in publish(memory, topics()["devices"], found, None, answer)]  # type: ignore[arg-type]


HOTEL = {"device_id": "cam-1", "name": "Turban Hotel"}


async def test_a_word_without_a_reason_is_not_registered() -> None:
    memory, [result] = await published(HOTEL)
    assert (result.outcome, memory.published) == ("rejected", [])
    assert "'turban': is that meant?" in result.reason


async def test_a_word_with_a_reason_is_registered_and_the_reason_is_audited() -> None:
    memory, [result] = await published(HOTEL, Answer("it is the name of the hotel", "operator:kim", 7))
    assert result.outcome == "published"
    (_, _, device), (topic, key, audit) = memory.published
    assert device["name"] == "Turban Hotel"
    assert (topic, key, audit["action"], audit["actor"]) == ("audit", "cam-1", "word.registered", "operator:kim")
    assert audit["details"] == {"topic": "devices", "reason": "it is the name of the hotel", "name": "turban"}


@pytest.mark.parametrize("name", ["North gate", "Gate 7", "入口"])
async def test_an_innocent_name_is_not_asked_about(name: str) -> None:
    memory, [result] = await published({"device_id": "cam-1", "name": name})
    assert (result.outcome, len(memory.published)) == ("published", 1)


@pytest.mark.parametrize("kind", ["Silence", "RuleSet", "DeviceList"])
def test_a_reason_typed_at_a_terminal_is_asked_about_and_its_answer_audited(kind: str) -> None:
    who = {"subject": "s-1", "actor": "bo", "at": 7}
    assert answered(kind, {"reason": "works in the hall"}, "", **who) == {}
    with pytest.raises(ConfigurationError, match=r"reason speaks of 'uyghur'.*--because"):
        answered(kind, {"reason": "Uyghur visitors"}, "  ", **who)
    audit = answered(kind, {"reason": "Uyghur visitors"}, "it quotes the order", **who)
    assert (audit["action"], audit["actor"], audit["subject"]) == ("word.registered", "bo", "s-1")
    assert audit["details"] == {"record": kind, "word in reason": "uyghur", "reason": "it quotes the order"}
