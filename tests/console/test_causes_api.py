"""Everything that raised an alert is paged at the console; the alert itself names the newest hundred only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairwatch.domain.errors import RetryableError
from tests.support.console_world import console_world
from tests.support.records import AT, trigger

ROWS = [
    {"cause_id": f"c{n}", "kind": "MOMENT", "state": "FIRING" if n < 150 else "ENDED", "device_id": f"cam-{n}",
     "event_type": "tamper.covered", "started_at": AT - n, "updated_at": AT - n, "times": 1}
    for n in range(250)
]  # fmt: skip


async def test_causes_are_paged_and_read_once_for_each_revision(valkey: str, tmp_path: Path) -> None:
    read: list[int] = []

    async def causes(alert: Mapping[str, Any]) -> list[dict[str, Any]]:
        read.append(alert["revision"])
        if alert["revision"] == 2:
            raise RetryableError("no broker answers")
        return ROWS

    async with console_world(valkey, tmp_path, causes=causes) as world:
        alert = trigger(at=AT)
        await world.fold("alerts", alert)
        olga, path = await world.caller("olga"), f"/api/alerts/{alert['alert_id']}/causes"
        pages = [(await olga.get(path, limit="100", page=str(page)))[1] for page in (1, 2, 3, 4)]
        assert [row["cause_id"] for page in pages for row in page["causes"]] == [row["cause_id"] for row in ROWS]
        assert {(page["total"], page["firing"], page["pages"]) for page in pages} == {(250, 150, 3)}
        assert read == [0], "who turns a page does not wait"
        await world.fold("alerts", {**alert, "revision": 1, "state": "UPDATED"})
        assert (await olga.get(path))[0] == 200
        assert read == [0, 1]
        await world.fold("alerts", {**alert, "revision": 2, "state": "UPDATED"})
        assert (await olga.get(path))[1]["error"] == "unreadable"
        for wrong in ("0", "x", "-1"):
            assert (await olga.get(path, page=wrong))[0] == 400
        assert (await olga.get("/api/alerts/none/causes"))[0] == 404
        assert (await (await world.caller("iris")).get(path))[0] == 403, "who may not see alerts"
