"""Whether a processor of the hub wrote what is found on topics that only processors write."""

from collections import Counter
from typing import Any

from fairwatch.apps.settings import Settings
from fairwatch.wire.bonds import BOUND, Bonds, without_shard
from fairwatch.wire.headers import from_kafka
from fairwatch.wire.refused_records import writers

UNCHECKED = "without FAIRWATCH_CHAIN_KEY nobody can tell here who wrote candidates, verdicts and alerts"
STRANGERS = "nobody of the hub wrote these: they are no part of the chain"


class Writers:
    """Believes what bears the bond of a processor that writes the topic; everything where there is no secret here.

    Args:
        settings: Of the hub.
    """

    def __init__(self, settings: Settings) -> None:
        key = settings.chain_key.get_secret_value().encode()
        self._bonds = Bonds(key, accepts=settings.unbound == "accept")
        self._foreign = Counter[str]()

    def believe(self, topic: str, record: Any) -> bool:
        """Tell whether a record of a topic, as it lies there, is of the hub; what is not is counted."""
        if topic not in BOUND:
            return True
        writer = self._bonds.writer(topic, record.key, from_kafka(record.headers), record.value)
        believed = writer is None or without_shard(writer) in writers(topic)
        self._foreign[topic] += not believed
        return believed

    def step(self) -> dict[str, Any]:
        """Return the step of a chain that says what was left out, or that nobody could check it."""
        said: dict[str, Any] = {"step": "writers", "topic": "alerts"}
        if not self._bonds:
            return said | {"status": "not checked", "why": UNCHECKED, "facts": []}
        facts = [{"topic": topic, "left_out": count} for topic, count in sorted(self._foreign.items()) if count]
        return said | ({"status": "found", "why": STRANGERS} if facts else {"status": "none"}) | {"facts": facts}
