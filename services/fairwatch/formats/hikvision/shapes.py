"""One thing in several shapes: what firmwares of Hikvision write differently, brought to one before the rows see it."""

from typing import Any, Final

Tree = dict[str, Any]

# What one capture of a mixed target holds.
TARGETS: Final = ("Human", "Face", "Vehicle", "NonMotor")
_RULES: Final = ("TMA", "TMPA")


def one_shape(root: Any) -> Any:
    """Return the document with named properties as fields and with one spelling of its regions."""
    if type(root) is not dict:
        return root
    alert = root.get("EventNotificationAlert")
    if type(alert) is dict:
        # A gateway has put its own fields beside the alert.
        root = {**{name: value for name, value in root.items() if name != "EventNotificationAlert"}, **alert}
    if "CaptureResult" in root:
        for capture in _items(root["CaptureResult"]):
            for name in TARGETS:
                _name_properties(capture.get(name))
    regions = root.get("DetectionRegionList")
    if type(regions) is dict and "DetectionRegion" in regions:
        regions.setdefault("DetectionRegionEntry", regions.pop("DetectionRegion"))
    _name_temperatures(root)
    for region in _items(regions.get("DetectionRegionEntry")) if type(regions) is dict else ():
        _name_temperatures(region)
    return root


def _name_temperatures(node: Tree) -> None:
    """Tell what a thermal rule measures, a motor or a roof, from a person's temperature, which is never carried."""
    for name in _RULES:
        rule = node.get(name)
        if type(rule) is dict and "currTemperature" in rule:
            rule["ruleMeasurement"] = rule.pop("currTemperature")


def _items(node: Any) -> list[Tree]:
    return [one for one in (node if type(node) is list else [node]) if type(one) is dict]


def _name_properties(target: Any) -> None:
    """Turn `Property: [{description: plateNo, value: AB123}]` into fields; what is no such pair stays."""
    if type(target) is not dict or type(target.get("Property")) is not list:
        return
    rest = []
    for one in target.pop("Property"):
        name = one.get("description") if type(one) is dict else None
        if type(name) is str and name and "value" in one and name not in target:
            target[name] = one["value"]
        else:
            rest.append(one)
    if rest:
        target["Property"] = rest
