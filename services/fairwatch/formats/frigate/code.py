"""What only Frigate needs: the camera's name in the topic, and the state before that its subscribers expect."""

from collections.abc import Mapping
from typing import Any

import orjson

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.payload import Encoded

_TOPICS = {"event": "frigate/events", "review": "frigate/reviews"}
_UPDATES = "frigate/tracked_object_update"


@converter("frigate_camera")
def camera() -> Converter:
    """The camera of an old topic such as `frigate/front_door/events/start`, whose message does not name it."""

    def decode(_: Any, env: Environment) -> str | None:
        parts = env.payload.path.split("/")
        return parts[-3] if parts[-2:-1] == ["events"] and len(parts) > 3 else None  # noqa: PLR2004  # prefix/camera/events/start

    return Converter(decode, None, scalar=False)


def render(root: dict[str, Any], message: str, _: Mapping[str, Any]) -> Encoded:
    """Write an event or review with the state before it, which is not known here and so said to be the same."""
    if message in _TOPICS:
        root = {"type": root.pop("type"), "before": root["after"], **root}
    return Encoded(orjson.dumps(root), "application/json", _TOPICS.get(message, _UPDATES))
