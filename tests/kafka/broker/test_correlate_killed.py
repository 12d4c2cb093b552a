"""Rules of several events and incidents on Apache Kafka: each of their processors is killed by SIGKILL.

Each alert is there once, and stands once in the incident of its site.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from fairwatch.apps.kafka import producer
from fairwatch.domain.ids import stable_id
from tests.kafka.pipeline import Pipeline, pipeline, settings_for
from tests.support.records import sighting

ZONES = 60
SITES = 4
KILLED = {12: "route", 24: "correlate", 36: "group", 48: "incident"}  # by the zone at which it is
WITHIN_S = 150.0
RULES = """
route: {receivers: [room]}
correlations:
  - name: pair
    per: [zone]
    match: {event_types: [line.crossed]}
    count: 2
    distinct: device_id
    within: 1h
    lateness: 5m
incidents:
  - {name: yard, per: site, within: 1h, lateness: 5m}
"""


@pytest.mark.timeout(390)
async def test_two_events_of_a_zone_are_one_alert_of_one_incident_though_each_worker_is_killed(
    broker: str, valkey: str, topic_prefix: str, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "routes.yaml").write_text(RULES)
    settings = settings_for(broker, valkey, topic_prefix)
    async with pipeline(settings, tmp_path, workers=("route", "correlate", "group", "incident")) as running:
        async with producer(settings, "tests") as publisher:
            for zone in range(ZONES):
                for device in ("cam-1", "cam-2"):
                    await publisher.publish("sightings", device, _seen(zone, device))
                if (name := KILLED.get(zone)) is not None:
                    await _killed(running, name)
        wanted = {f"pair|zone-{zone}" for zone in range(ZONES)}
        end = time.monotonic() + WITHIN_S
        while {alert["group"] for alert in await _written(running, "alerts")} != wanted:
            running.components.check()
            assert time.monotonic() < end, len(await _written(running, "alerts"))
            await asyncio.sleep(1.0)
        while sum(newest["events"] for newest in _newest(await _written(running, "incidents"))) < ZONES:
            running.components.check()
            assert time.monotonic() < end, _newest(await _written(running, "incidents"))
            await asyncio.sleep(1.0)
        await asyncio.sleep(3.0)  # what would be told a second time, would come soon
        alerts, triggers = await _written(running, "alerts"), await _written(running, "alert-triggers")
        incidents = await _written(running, "incidents")
    assert Counter(alert["group"] for alert in alerts) == Counter(wanted)
    assert Counter(trigger["alert_id"] for trigger in triggers).most_common(1)[0][1] == 1
    assert {(alert["state"], alert["revision"], alert["count"]) for alert in alerts} == {("NEW", 0, 1)}
    assert all(sorted(alert["device_ids"]) == ["cam-1", "cam-2"] for alert in alerts)
    told = Counter((incident["incident_id"], incident["revision"]) for incident in incidents)
    assert told.most_common(1)[0][1] == 1, "no revision is told twice"
    found = {incident["site_id"]: incident for incident in _newest(incidents)}
    assert len(found) == len(_newest(incidents)) == SITES, "one incident for each site"
    for site, incident in found.items():
        of_site = sorted(alert["alert_id"] for alert in alerts if alert["site_id"] == site)
        assert sorted(member["alert_id"] for member in incident["members"]) == of_site
        assert incident["events"] == len(of_site)


def _newest(incidents: list[dict]) -> list[dict]:
    """Return the newest revision of each incident."""
    found: dict[str, dict] = {}
    for incident in sorted(incidents, key=lambda each: each["revision"]):
        found[incident["incident_id"]] = incident
    return list(found.values())


def _seen(zone: int, device: str) -> dict:
    now = time.time_ns() // 1000
    site = f"site-{zone % SITES}"
    record = sighting("line.crossed", device, n=zone, zones=[f"zone-{zone}"], site_id=site, occurred_at=now)
    record["sighting_id"] = stable_id("sighting", zone, device)
    return record


async def _killed(running: Pipeline, name: str) -> None:
    victim = running.components.processes[name]
    victim.kill()
    await victim.wait()
    await running.components.start(name)


async def _written(running: Pipeline, topic: str) -> list[dict]:
    return await asyncio.to_thread(lambda: [record for _, _, record in running.records(topic)])
