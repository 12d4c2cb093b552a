"""What ONVIF topics mean, the standard's own and those that makers invented."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.language.tables import table

_TABLE: Final = table(__file__, "topics")
_RULES: Final = tuple((rule["event"], *rule["words"]) for rule in _TABLE["rules"])
_LONGEST: Final = 512
_SENSORS: Final = tuple(_TABLE["sensors"])
_ITEMS: Final[dict[str, str]] = _TABLE["items"]
_ITEM_CLASSES: Final[dict[str, str]] = _TABLE["item_classes"]
_TOPIC_CLASSES: Final[dict[str, str]] = _TABLE["topic_classes"]
WRITTEN: Final[Mapping[str, tuple[str, str, bool]]] = {event: tuple(row) for event, row in _TABLE["written"].items()}
GENERIC: Final = ("RuleEngine/ObjectDetection/Object", "", False)


def plain(topic: str) -> str:
    """Return a topic without white space and without the namespace prefixes of its steps."""
    return "/".join(step.rpartition(":")[2].strip() for step in topic.split("/"))


@lru_cache(maxsize=4_096)
def meaning(topic: str, item: str = "") -> str:
    """Return the canonical event type of a topic, given the name of its state item."""
    name = plain(topic).lower()
    if item.lower() in _ITEMS:
        return _ITEMS[item.lower()]
    if name.endswith("recognition/face"):
        return "face.seen"
    if "device/sensor/" in name and any(sensor in f"{name}/" for sensor in _SENSORS):
        return "sensor.alarm" if name.endswith(("/high", "/low")) else "sensor.reading"
    if name.startswith("monitoring/"):
        return "device.status"
    if name.startswith("cameraapplicationplatform/alpv.") and not name.endswith("allplates"):
        return "vehicle.seen"
    return next((event for event, *words in _RULES if any(word in name for word in words)), "other")


def class_of(topic: str, item: str) -> str:
    """Return the ONVIF class that a maker's topic or state item stands for, or an empty text."""
    name = plain(topic).lower()
    return _ITEM_CLASSES.get(item.lower(), "") or next((c for word, c in _TOPIC_CLASSES.items() if word in name), "")


@converter("onvif_event_type")
def onvif_event_type() -> Converter:
    """The topic's meaning; `with: {item: …}` names the state item."""

    def decode(value: Any, _: object, item: Any = None) -> str:
        return meaning(str(value)[:_LONGEST], str(item or "")[:_LONGEST])

    def encode(value: Any) -> str | None:
        return f"tns1:{WRITTEN[value][0]}" if value in WRITTEN else None

    return Converter(decode, encode, exact=False)
