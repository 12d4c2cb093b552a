"""SceneScape lists objects by class; the class is said again in most of them, but not in all."""

from typing import Any

from fairwatch.formats.environment import Environment


def prepare(root: Any, _: Environment) -> Any:
    """Return the document with one list of objects, each with its class."""
    objects = root.get("objects") if type(root) is dict else None
    if type(objects) is not dict:
        return root
    pairs = [(name, one) for name, found in objects.items() if type(found) is list for one in found]
    return {**root, "objects": [{"category": name, **one} for name, one in pairs if type(one) is dict]}
