"""A Frigate recorder that publishes its events by MQTT."""

import time
from dataclasses import dataclass
from typing import Any

import aiomqtt
import orjson


@dataclass(frozen=True, slots=True)
class FrigateRecorder:
    """One Frigate with several cameras behind one MQTT connection."""

    client: aiomqtt.Client
    prefix: str

    async def event(self, kind: str, camera: str, event_id: str, label: str) -> None:
        """Publish one event message; `kind` is new, update or end."""
        after = tracked_object(camera, event_id, label, ended=kind == "end")
        message = {"type": kind, "before": {**after, "end_time": None}, "after": after}
        await self.client.publish(f"{self.prefix}/events", orjson.dumps(message), qos=1)


def tracked_object(camera: str, event_id: str, label: str, *, ended: bool) -> dict[str, Any]:
    """Return a tracked object as Frigate 0.15 writes it."""
    start = float(event_id.partition("-")[0])
    now = time.time()
    return {
        "id": event_id, "camera": camera, "frame_time": now, "snapshot": None, "label": label, "sub_label": None,
        "top_score": 0.91, "false_positive": False, "start_time": start, "end_time": now if ended else None,
        "score": 0.88, "box": [424, 500, 536, 712], "area": 23744, "ratio": 0.53, "region": [264, 450, 667, 853],
        "stationary": False, "motionless_count": 0, "position_changes": 2, "attributes": {}, "current_attributes": [],
        "current_zones": ["driveway"], "entered_zones": ["driveway"], "has_clip": False, "has_snapshot": False,
    }  # fmt: skip
