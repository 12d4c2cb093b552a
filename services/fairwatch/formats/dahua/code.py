"""Dahua writes one event in many ways: text, MQTT, RPC, pushes; all become `{Code, Action, Index, Data}`."""

from typing import Any, Final

from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.environment import Environment

Tree = dict[str, Any]
_NAMES: Final = {"code": "Code", "action": "Action", "index": "Index", "data": "Data"}
_LISTS: Final = (("params", "eventList"), ("Events",), ("eventList",))
_TOPIC: Final = "DahuaVTO/"


def recognises(syntax: Syntax, tree: Any, _: Environment) -> bool:
    """Return whether a document holds events of Dahua."""
    if syntax == "xml" or type(tree) is not dict:
        return False
    if type(tree.get("Code")) is str and ("action" in tree or "Action" in tree):
        return True
    if "serialNumber" in tree and "deviceType" in tree:
        return True
    parsed, picture = tree.get("parsed"), tree.get("Picture")
    if (type(picture) is dict and "SnapInfo" in picture) or str(tree.get("Active")).lower() == "keepalive":
        return True
    return (type(parsed) is dict and "code" in parsed) or bool(_listed(tree)) or tree.get("#text") == "Heartbeat"


def prepare(root: Any, env: Environment) -> list[Tree]:
    """Return the events of a document, each in one shape."""
    if type(root) is not dict:
        return [{"$Kind": "empty"}]
    if root.get("#text") == "Heartbeat" or str(root.get("Active")).lower() == "keepalive":
        return [{"$Kind": "heartbeat"}]
    if type(root.get("Picture")) is dict:  # the push of traffic cameras (ITSAPI)
        return [{"$Kind": "traffic", "Data": root["Picture"]}]
    found = _listed(root) or [root["parsed"] if type(root.get("parsed")) is dict else root]
    return [_event(one, root, env.payload.path) for one in found if type(one) is dict]


def _listed(root: Tree) -> list[Any]:
    for path in _LISTS:
        node: Any = root
        for name in path:
            node = node.get(name) if type(node) is dict else None
        if type(node) is list and node and type(node[0]) is dict and ("Code" in node[0] or "EventBaseInfo" in node[0]):
            return node
    return []


def _event(one: Tree, root: Tree, topic: str) -> Tree:
    made = {_NAMES.get(name, name): value for name, value in one.items()}
    base = made.get("EventBaseInfo")
    if type(base) is dict:  # a push has its data beside the code
        made = {"Code": base.get("Code"), "Action": base.get("Action"), "Index": base.get("Index"), "Data": made}
    if "Code" not in made and _TOPIC in topic:
        made["Code"] = topic.partition(_TOPIC)[2].partition("/")[0]
    if type(made.get("Data")) is list and made["Data"]:
        made["Data"] = made["Data"][0]
    for name in ("serialNumber", "DeviceID"):
        if name in root:
            made[name] = root[name]
    return made
