"""SUNAPI says the state of every event of every channel; what is on, or what has just changed, is an event each."""

from collections.abc import Iterator
from typing import Any, Final

from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.environment import Environment

Tree = dict[str, Any]
_FLAGS: Final = {True: True, False: False, "true": True, "false": False}
_CHANGE: Final = 3  # so few states are what changed since the last answer; more are a picture of everything
_ROOTS: Final = frozenset({"Channel", "ChannelEvent", "AlarmInput", "AlarmOutput", "SystemEvent"})


def recognises(_: Syntax, tree: Any, __: Environment) -> bool:
    """Return whether a document says states of events."""
    if type(tree) is not dict or _ROOTS.isdisjoint(tree):
        return False
    return type(tree.get("ChannelEvent")) is list or any(type(tree.get(name)) is dict for name in _ROOTS)


def prepare(root: Any, _: Environment) -> list[Tree]:
    """Return the states that are events, each with its channel, name and whether it is on."""
    found = list(_states(root))
    if len(found) > _CHANGE:
        found = [one for one in found if one["Active"]]
    return found or [{"$Kind": "idle"}]


def _states(root: Tree) -> Iterator[Tree]:
    channels = root.get("Channel")
    pairs = list(channels.items()) if type(channels) is dict else []
    listed = root.get("ChannelEvent")
    for one in listed if type(listed) is list else ():
        if type(one) is dict:
            pairs.append((one.get("Channel", ""), {name: value for name, value in one.items() if name != "Channel"}))
    pairs += [("", {name: root[name]}) for name in ("AlarmInput", "AlarmOutput", "SystemEvent") if name in root]
    for channel, events in pairs:
        for name, active in _flags(events, ""):
            yield {"$Kind": "state", "Channel": str(channel), "Event": name, "Active": active}


def _flags(node: Any, name: str) -> Iterator[tuple[str, bool]]:
    if type(node) is dict:
        for key, value in node.items():
            yield from _flags(value, f"{name}.{key}" if name else key)
        return
    flag = _FLAGS.get(node.strip().lower() if type(node) is str else node) if type(node) in {bool, str} else None
    if flag is not None:
        yield name, flag
