"""Under which ids it is remembered who heard of an alert, and how, while the memory of deliveries goes back."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import Memory


def shown(alert: Mapping[str, Any], name: str) -> str:
    """Return the id of: a receiver was told of an alert by itself, not in a digest."""
    return str(stable_id("shown", alert["alert_id"], name))


def stood_in(alert: Mapping[str, Any], name: str) -> str:
    """Return the id of: a receiver was told of an alert as the fallback of another."""
    return str(stable_id("stood in", alert["alert_id"], name))


def note_too_mild(memory: Memory, alert: Mapping[str, Any], name: str) -> None:
    """Remember that an alert was not severe enough for a receiver; it may become so."""
    if not memory.knows(_too_mild(alert, name)):
        memory.note(_too_mild(alert, name))


def note_told(memory: Memory, alert: Mapping[str, Any], name: str) -> None:
    """Remember that a receiver is told of an alert that had not been severe enough for it."""
    if heard_nothing(memory, alert, name):
        memory.note(_grew(alert, name))


def heard_nothing(memory: Memory, alert: Mapping[str, Any], name: str) -> bool:
    """Tell whether an alert had not been severe enough for a receiver, which was not told of it since either.

    Both are noted: a replay may bring the mild revision again after the receiver was told.
    """
    return memory.knows(_too_mild(alert, name)) and not memory.knows(_grew(alert, name))


def _too_mild(alert: Mapping[str, Any], name: str) -> str:
    return str(stable_id("too mild", alert["alert_id"], name))


def _grew(alert: Mapping[str, Any], name: str) -> str:
    return str(stable_id("severe enough", alert["alert_id"], name))
