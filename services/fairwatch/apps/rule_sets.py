"""Publishes rules, so that they hold everywhere without a restart."""

import asyncio
import time
from pathlib import Path
from typing import Any

import yaml

from fairwatch.apps.asked_words import answered
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import operator, told
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import KEPT, order_of, read_rules

TOPIC = "rule-sets"


def travelling(path: Path) -> str:
    """Return the rules of a file as they travel: its calendars written out.

    Raises:
        ConfigurationError: They are not right, or too large.
    """
    tree = RouteTree.read(path)
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    for name, days in tree.calendars.items():
        content["calendars"][name] = days.written_out().model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=150)
    read_rules(text)
    return text


def known(settings: Settings) -> list[dict[str, Any]]:
    """Return what was published and is kept, oldest first."""
    found = {record["rule_set_id"]: record for _, _, record in read_topic(settings, TOPIC)}
    return sorted(found.values(), key=order_of)


def next_set(before: list[dict[str, Any]], routes: str, author: str, reason: str) -> dict[str, Any]:
    """Return the record of rules that follow what was published before.

    Raises:
        ConfigurationError: Nobody says who publishes them, or why; or they hold already.
    """
    if not author.strip() or not reason.strip():
        raise ConfigurationError("say who publishes the rules, and why: --as and --reason")
    if before and before[-1]["routes"] == routes:
        raise ConfigurationError(f"these rules hold already: number {before[-1]['number']}")
    number = 1 + max((record["number"] for record in before), default=0)
    return {
        "rule_set_id": stable_id("rule-set", number, routes),
        "number": number,
        "routes": routes,
        "author": author,
        "reason": reason,
        "published_at": time.time_ns() // 1000,
    }


async def publish(settings: Settings, before: list[dict[str, Any]], record: dict[str, Any], because: str = "") -> None:
    """Publish rules and what the audit keeps of it; those that nobody asks about any more are taken out.

    Raises:
        ConfigurationError: A word of the reason is asked about, and `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    identity = record["rule_set_id"]
    details = {"number": str(record["number"]), "author": record["author"], "reason": record["reason"]}
    audit = told("rules.published", identity, at=record["published_at"], details=details)
    word = answered("RuleSet", record, because, subject=identity, actor=operator(), at=record["published_at"])
    async with producer(settings, "rules") as publisher:
        audits = (publisher.publish("audit", identity, one) for one in (audit, word) if one)
        await asyncio.gather(*audits, publisher.publish(TOPIC, identity, record))
        for old in before[: -2 * KEPT]:
            await publisher.publish(TOPIC, old["rule_set_id"], None)
