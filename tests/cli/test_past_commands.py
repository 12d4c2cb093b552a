"""Looking back on the embedded broker: by order, in the audit log first, and nothing else is shown."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import write_anchors
from fairwatch.apps.past.lists import Listed
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.media import MediaStore
from tests.support.console_world import HASH, PASSWORD
from tests.support.face_models import MODELS, needs_models, picture
from tests.support.records import candidate, sighting
from tests.support.trust import ADMIN, CONSOLE, authorised, enrolled, vouched
from tests.support.watchlist import HOUR, authorisation, entry

ASKED = ("--as", "rita", "--case", "17", "--purpose", "find the car")


@pytest.fixture
def hub(broker: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    CONSOLE.write(tmp_path / "console.pem")
    told = {
        "KAFKA_BOOTSTRAP": broker, "TOPIC_PREFIX": topic_prefix, "EMBEDDED": "true", "MAX_PARTITIONS": "1",
        "MEDIA_URL": f"file://{tmp_path / 'media'}", "CONFIG_DIR": str(tmp_path),
        "MODEL_DIR": str(MODELS), "SIGNING_KEY_FILE": str(tmp_path / "console.pem"),
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(f"FAIRWATCH_{name}", value)
    settings_module.settings.cache_clear()
    people = [("rita", ["reviewer"]), ("olga", ["operator"])]
    rows = [{"name": name, "display_name": name, "roles": roles, "password_hash": HASH} for name, roles in people]
    (tmp_path / "people.yaml").write_text(yaml.safe_dump({"people": rows}), encoding="utf-8")
    make_topics(settings_module.settings())
    yield settings_module.settings()
    settings_module.settings.cache_clear()


def run(command: str, *arguments: str) -> str:
    result = CliRunner().invoke(build([command]), [command, *arguments], input=f"{PASSWORD}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


async def history(hub: Settings) -> None:
    """A listed car passed under an order that allows looking back, another one elsewhere, and a third under none."""
    now = time.time_ns() // 1000
    times = {"valid_from": now - 3 * HOUR, "valid_until": now + HOUR}
    red = {"object_class": "MOTOR_VEHICLE", "vehicle": {"kind": "CAR", "colour": {"name": "RED"}}}
    seen: list[tuple[str, dict[str, Any]]] = [
        ("ABC8123", {"site_id": "harbour"}), ("XYZ9999", {"site_id": "harbour"}), ("ABCB123", {"site_id": "town"}),
    ]  # fmt: skip
    async with producer(hub, "test") as publisher:
        await publisher.publish("authorisations", "auth-1", authorisation(modes=["REALTIME", "POST"], **times))
        await publisher.publish("authorisations", "live", authorisation("live", **times))
        await publisher.publish("watchlist-entries", "car", entry("car", **times))
        await publisher.publish("watchlist-entries", "other", entry("other", authorisation_id="live", **times))
        await publisher.publish("sites", "harbour", {"site_id": "harbour", "name": "Harbour", "areas": []})
        for number, (text, fields) in enumerate(seen):
            made = sighting("plate.read", f"cam-{number}", observation={"plates": [{"text": text, "raw": text}], **red})
            record = {**made, **fields, "occurred_at": now - HOUR, "device_name": f"Gate {number}"}
            await publisher.publish("sightings", f"cam-{number}", record)


async def faces(hub: Settings) -> None:
    """Three faces are listed; one of them passed, with a crop."""
    now, media = time.time_ns() // 1000, MediaStore.open(hub.media_url)
    times = {"valid_from": now - 3 * HOUR, "valid_until": now + HOUR}
    async with producer(hub, "test") as publisher:
        for name in ("obama.jpg", "biden.jpg", "astronaut.png"):
            shown = {"uri": await media.put(picture(name), "image/jpeg"), "role": "REFERENCE"}
            record = entry(name, kind="FACE", plate=None, references=[shown], **times)
            await publisher.publish("watchlist-entries", name, record)
        crop = {"uri": await media.put(picture("obama2.jpg"), "image/jpeg"), "role": "FACE"}
        made = sighting("face.seen", "cam-9", observation={"object_class": "FACE", "media": [crop]})
        seen = {**made, "site_id": "harbour", "occurred_at": now - HOUR, "device_name": "Gate 9"}
        await publisher.publish("sightings", "cam-9", seen)
        probe = {"uri": "fw-media:" + "0" * 64, "role": "FACE"}
        found = candidate("FACE", entry_id="obama.jpg", candidate_id="c1", probe=probe)
        await publisher.publish("candidates", "c1", found)


@pytest.mark.broker
def test_what_was_seen_is_looked_through_by_order_only_and_each_look_is_audited(hub: Settings) -> None:
    asyncio.run(history(hub))
    with pytest.raises(ConfigurationError, match="--case"):
        run("past", "entry", "car", "--as", "rita")
    with pytest.raises(ConfigurationError, match="wrong_mode"):
        run("past", "entry", "other", *ASKED)
    with pytest.raises(ConfigurationError, match="none of the roles"):
        run("past", "entry", "car", "--as", "olga", *ASKED[2:])
    found = run("past", "entry", "car", *ASKED)
    assert "Gate 0" in found
    assert "Gate 1" not in found
    assert "Gate 2" not in found, "the order does not reach the town"
    assert "3 sightings, 1 candidates; nobody has confirmed them" in found
    alike = run("past", "like", "auth-1", "--what", "vehicle", "--colour", "red", *ASKED)
    assert "Gate 0" in alike
    assert "Gate 1" in alike
    assert "3 sightings, 1 of them out of the mandate, 2 fit" in alike
    stricter = run("plates", "preview", "auth-1", "--threshold", "0.95")
    assert "2 readings within the mandate of 1 plates" in stricter
    assert "in force: 1 candidates (1 confusable)\nas asked: 0 candidates" in stricter
    assert "only in force: 1 x read ABC8123, listed ABCB123, confusable, 0.900, 10^" in stricter
    assert "Gate" not in stricter
    told = [(record["action"], record["actor"], record["details"]) for _, _, record in read_topic(hub, "audit")]
    actions = ["past.refused", *["past.searched", "past.found"] * 2, "plates.previewed"]
    assert [action for action, _, _ in told] == actions
    assert all(details["case"] == "17" and details["purpose"] == "find the car" for _, _, details in told[:5])
    assert told[0][2]["reason"] == "wrong_mode"
    assert (told[2][1], told[2][2]["found"], told[2][2]["not_out_of_mandate"]) == ("rita", "1", "1")
    assert "VEHICLE RED" in told[3][2]["description"]
    assert told[3][2]["policy"] == "past.search"


@pytest.mark.broker
def test_nobody_is_looked_for_in_the_past_whom_one_person_or_a_stranger_listed(hub: Settings, tmp_path: Path) -> None:
    write_anchors(tmp_path / "trust.yaml", [ADMIN.public])
    now = time.time_ns() // 1000
    made = {"valid_from": now - HOUR, "valid_until": now + HOUR, "created_by": "ann", "updated_at": now}
    asked = enrolled(entry("asked", **made), at=now)
    agreed = enrolled(entry("agreed", approved_by="ben", **made), at=now)
    rows = (asked, agreed, entry("forged", approved_by="ben", **made))
    times = {"valid_from": now - HOUR, "valid_until": now + HOUR}
    order = authorised(authorisation(modes=["REALTIME", "POST"], **times), at=now)

    async def write() -> None:
        async with producer(hub, "test") as publisher:
            for topic, reference in vouched("ann", "ben", ann=["requester"], ben=["approver"]).items():
                for key, record in reference.items():
                    await publisher.publish(topic, key, record)
            await publisher.publish("authorisations", "auth-1", order)
            for row in rows:
                await publisher.publish("watchlist-entries", row["entry_id"], row)

    asyncio.run(write())
    listed = Listed.read(hub)
    assert {name: listed.entries[name]["state"] for name in listed.entries} == {
        "asked": "NOT_AUTHENTIC", "agreed": "ACTIVE", "forged": "NOT_AUTHENTIC",
    }  # fmt: skip
    assert listed.entries.get("nobody") is None
    for name in ("asked", "forged"):
        with pytest.raises(ConfigurationError, match="not_authentic"):
            run("past", "entry", name, *ASKED)


@needs_models
@pytest.mark.broker
def test_a_face_is_looked_for_in_crops_that_are_kept_and_calibrated_among_those_who_are_listed(hub: Settings) -> None:
    asyncio.run(history(hub))
    asyncio.run(faces(hub))
    assert "Gate 9" in run("past", "entry", "obama.jpg", *ASKED), "from the crop that is still kept"
    assert "3 pictures of 3 people" in run("faces", "calibrate", "--listed")
    others = orjson.loads(run("entries", "not-this-person", "obama.jpg", "c1"))["not_this_person"]
    assert [one["uri"] for one in others] == ["fw-media:" + "0" * 64]
