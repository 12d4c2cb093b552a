"""The health of the pipeline: what every component last said of itself, and who is silent."""

from typing import Any

from aiohttp import web

from fairwatch.console.desk import DESK, answer
from fairwatch.parts import parts


async def get_health(request: web.Request) -> web.Response:
    """Return one row per living instance and one for each stage that should live and does not."""
    desk = request.app[DESK]
    beats = await desk.health.read_all()
    alive = {beat["component"] for beat in beats}
    silent: list[dict[str, Any]] = [
        {"component": name, "instance": "", "ready": False, "silent": True}
        for name in desk.config.stages
        if name not in alive
    ]
    order = {name: index for index, name in enumerate(desk.config.stages)}
    rows = sorted([*beats, *silent], key=lambda row: (order.get(row["component"], -1), row["component"]))
    rows = [{**row, "does": parts()[row["component"]].does if row["component"] in parts() else ""} for row in rows]
    return answer({"components": rows, "now": desk.clock.now(), "rebuilding": await desk.read_model.epoch() is None})
