"""Recorded payloads through the gateways with the real adapters: good ones 200, broken ones 4xx, all of them kept."""

from pathlib import Path

import aiohttp
import pytest

from fairwatch.formats.catalogue import refusal as judge
from tests.edges.test_viid_gateway import DEVICES, Platform
from tests.support.gateway_world import KEY, keyed, run_gateway

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures"
COLLECTIONS = {
    "facelist": "/Faces",
    "personlist": "/Persons",
    "motorvehicle": "/MotorVehicles",
    "nonmotorvehicle": "/NonMotorVehicles",
    "disposition": "/Dispositions",
}
pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="no recorded payloads beside the repository")


def recordings(folder, pattern):
    return sorted((FIXTURES / folder).glob(pattern)) if FIXTURES.is_dir() else []


def collection_of(path):
    return next((url for prefix, url in COLLECTIONS.items() if path.name.startswith(prefix)), None)


async def test_recorded_lists_of_gat_1400_are_taken(tmp_path):
    paths = [path for path in recordings("viid", "*.json") if collection_of(path)]
    assert len(paths) > 5
    async with run_gateway("viid", tmp_path, DEVICES, check=judge) as gateway:
        platform = Platform(gateway)
        await platform.register()
        answers = {path.name: await platform.post(collection_of(path), path.read_bytes()) for path in paths}
        assert len(gateway.publisher.records) == len(paths)
    assert {name for name, (status, _) in answers.items() if status != 200} == {
        name for name in answers if ".bad." in name
    }, answers


async def test_recorded_alerts_of_hikvision_are_taken(tmp_path):
    paths = recordings("hikvision", "*.xml")
    async with (
        run_gateway("http", tmp_path, [keyed(format="hikvision-isapi")], check=judge) as gateway,
        aiohttp.ClientSession(headers={"X-Api-Key": KEY, "Content-Type": "application/xml"}) as session,
    ):
        statuses = {}
        for path in paths:
            async with session.post(f"{gateway.url}/v1/push/cam-1", data=path.read_bytes()) as response:
                statuses[path.name] = (response.status, await response.text())
        assert len(gateway.publisher.records) == len(paths)
    assert {name for name, (status, _) in statuses.items() if status != 200} == {
        name for name in statuses if ".bad." in name
    }, statuses


async def test_recorded_notifications_of_onvif_are_taken_or_told_why_not(tmp_path):
    paths = recordings("onvif", "*pull*.xml")
    async with (
        run_gateway("http", tmp_path, [keyed()], check=judge) as gateway,
        aiohttp.ClientSession(headers={"X-Api-Key": KEY, "Content-Type": "application/soap+xml"}) as session,
    ):
        statuses = {}
        for path in paths:
            async with session.post(f"{gateway.url}/v1/onvif/cam-1", data=path.read_bytes()) as response:
                statuses[path.name] = response.status
        assert len(gateway.publisher.records) == len(paths)
    assert set(statuses.values()) <= {202, 422}
    assert statuses["pull_unbranded_motion_changed.xml"] == statuses["dahua_pull_motionalarm_true.xml"] == 202
