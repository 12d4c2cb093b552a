"""`fairwatch erase` and `fairwatch holds` on the embedded broker: a hold first, then all goes, with a receipt."""

import asyncio
import time
import zipfile

import orjson
import pytest
import yaml
from pydantic import SecretStr
from redis.asyncio import Redis
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.export_restore import _without_erased
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import write_anchors
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.domain.ports import Facet
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.media import MediaStore
from fairwatch.stores.read_model import RedisReadModel
from fairwatch.wire.receipts import sign_receipt
from fairwatch.wire.vouching import vouch_key
from tests.support.console_world import HASH, PASSWORD
from tests.support.records import candidate
from tests.support.trust import ADMIN, CONSOLE, vouched
from tests.support.watchlist import authorisation, entry

ROLES = (("ann", ["approver"]), ("ben", ["approver"]), ("olga", ["operator"]), ("rita", ["requester"]))
HOUR = 3_600_000_000


@pytest.fixture
def hub(broker, topic_prefix, tmp_path, monkeypatch):
    """Give settings of a hub without Redis, which the commands use too."""
    told = {
        "KAFKA_BOOTSTRAP": broker, "TOPIC_PREFIX": topic_prefix, "EMBEDDED": "true", "MAX_PARTITIONS": "1",
        "MEDIA_URL": f"file://{tmp_path / 'media'}", "CONFIG_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1",
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(f"FAIRWATCH_{name}", value)
    settings_module.settings.cache_clear()
    made = Settings(redis_url=SecretStr(told["REDIS_URL"]))
    make_topics(made)
    ADMIN.write(tmp_path / "admin.pem")
    CONSOLE.write(tmp_path / "console.pem")
    monkeypatch.setenv("FAIRWATCH_SIGNING_KEY_FILE", str(tmp_path / "console.pem"))
    write_anchors(tmp_path / "trust.yaml", [ADMIN.public])
    people = [{"name": name, "display_name": name, "roles": roles, "password_hash": HASH} for name, roles in ROLES]
    (tmp_path / "people.yaml").write_text(yaml.safe_dump({"people": people}), encoding="utf-8")
    yield made
    settings_module.settings.cache_clear()


def run(command, *arguments):
    result = CliRunner().invoke(build([command]), [command, *arguments], input=f"{PASSWORD}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


async def listed(hub):
    """List a face with its picture and a candidate, under an authorisation that was revoked, and one in force."""
    now = time.time_ns() // 1000
    store = MediaStore.open(hub.media_url)
    enrolled, crop = await store.put(b"enrolled", "image/jpeg"), await store.put(b"crop", "image/jpeg")
    times = {"valid_from": now - HOUR, "valid_until": now + HOUR}
    face = entry("e1", kind="FACE", references=[{"uri": enrolled, "role": "REFERENCE"}], **times)
    found = candidate("FACE", entry_id="e1", probe={"uri": crop, "role": "FACE"}, received_at=now)
    async with producer(hub, "test") as publisher:
        for topic, reference in vouched(*dict(ROLES), **dict(ROLES)).items():
            for key, record in reference.items():
                await publisher.publish(topic, key, record)
        await publisher.publish("authorisations", "auth-1", authorisation(state="REVOKED", **times))
        await publisher.publish("authorisations", "auth-2", authorisation("auth-2", **times))
        await publisher.publish("watchlist-entries", "e1", face)
        await publisher.publish("candidates", found["candidate_id"], found)
    return enrolled, crop, found["candidate_id"]


async def gone(hub, uri):
    try:
        await MediaStore.open(hub.media_url).get(uri)
    except RejectedError:
        return True
    return False


async def forged_release(hub, hold):
    record = {**latest(hub, "legal-holds")[hold], "released_by": "ben", "released_at": time.time_ns() // 1000}
    async with producer(hub, "test") as publisher:
        await publisher.publish("legal-holds", hold, record)


def handed_out(hub, file, *pictures):
    """Answer an access request: refused without an order of two people, then a readable file that somebody signed."""
    asked = ("subject", "export", "e1", str(file), "--reason", "request 7")
    with pytest.raises(ConfigurationError, match="none stands that allows it"):
        run(*asked)
    order = run("exports", "request", "--as", "rita", "--purpose", "access request", "--pictures").stdout.split()[-1]
    run("exports", "approve", order, "--as", "ann")
    assert "2 pictures" in run(*asked).output
    with zipfile.ZipFile(file) as archive:
        about = orjson.loads(archive.read("manifest.json"))
        [candidate] = orjson.loads(archive.read("records/candidates.json"))
        found = {archive.read(name) for name in about["pictures"]}
    assert (candidate["entry_id"], found) == ("e1", {b"enrolled", b"crop"})
    assert {one["uri"] for one in about["pictures"].values()} == set(pictures)
    assert (about["reason"], about["order"]["order_id"]) == ("request 7", order)
    assert "unaltered" in run("exports", "verify", str(file), "--trusted", CONSOLE.public.text).output
    with pytest.raises(ConfigurationError, match="nothing is known of it"):
        run("subject", "export", "nobody", str(file.with_name("none.zip")), "--reason", "request 8")


@pytest.mark.broker
def test_what_is_held_is_handed_out_under_an_order_a_hold_goes_before_an_erasure_and_a_receipt_names_it(hub, tmp_path):
    enrolled, crop, candidate_id = asyncio.run(listed(hub))
    options = ("--reason", "request", "--key", str(tmp_path / "admin.pem"), "--receipt", str(tmp_path / "receipt.json"))
    with pytest.raises(ConfigurationError, match="revoke or reject it first"):
        run("erase", "auth-2", *options)
    with pytest.raises(ConfigurationError, match="that is known"):
        run("erase", "nobody", *options)
    with pytest.raises(ConfigurationError, match="none of the roles"):
        run("holds", "place", "auth-1", "--as", "olga", "--reason", "appeal")
    handed_out(hub, tmp_path / "held.zip", enrolled, crop)
    hold = run("holds", "place", "auth-1", "--as", "ann", "--reason", "appeal").stdout.strip()
    asyncio.run(forged_release(hub, hold))
    assert run("erase", "auth-1", *options).exit_code == 1
    assert not asyncio.run(gone(hub, enrolled))
    with pytest.raises(ConfigurationError, match="somebody else"):
        run("holds", "release", hold, "--as", "ann")
    run("holds", "release", hold, "--as", "ben")
    assert "ben" in run("holds", "list").output

    assert run("erase", "auth-1", *options).exit_code == 1, "Redis does not answer"
    made = orjson.loads((tmp_path / "receipt.json").read_bytes())
    stores = {one["store"]: (one["outcome"], one["objects"]) for one in made["stores"]}
    assert (stores["media"], stores["read-model"]) == (("DELETED", 2), ("UNREACHABLE", 0))
    assert (made["entries"], made["candidates"]) == (["e1"], [candidate_id])
    assert asyncio.run(gone(hub, enrolled))
    assert asyncio.run(gone(hub, crop))
    assert latest(hub, "watchlist-entries") == latest(hub, "candidates") == {}
    actions = [record["action"] for _, _, record in read_topic(hub, "audit")]
    asked = ["export.refused", "export.request", "export.approve", "subject.exported", "subject.exported"]
    assert actions == [*asked, "hold.placed", "erasure.held", "hold.released", "erasure.done"]

    assert "authentic" in run("erase", "--check", str(tmp_path / "receipt.json")).output
    (tmp_path / "receipt.json").write_bytes(orjson.dumps({**made, "entries": []}))
    assert run("erase", "--check", str(tmp_path / "receipt.json")).exit_code == 1


@pytest.mark.broker
def test_a_media_store_that_is_away_costs_no_record_and_a_redis_that_was_is_caught_up_with(
    hub, valkey, tmp_path, monkeypatch
):
    enrolled, crop, candidate_id = asyncio.run(listed(hub))
    options = ("--reason", "request", "--key", str(tmp_path / "admin.pem"), "--receipt", str(tmp_path / "receipt.json"))
    with monkeypatch.context() as away:
        away.setattr(MediaStore, "delete", _away)
        with pytest.raises(RetryableError, match="media store"):
            run("erase", "e1", *options)
    assert set(latest(hub, "watchlist-entries")) == {"e1"}, "what says which pictures they are is still there"
    assert run("erase", "e1", *options).exit_code == 1, "Redis does not answer"
    assert asyncio.run(gone(hub, enrolled))
    assert asyncio.run(gone(hub, crop))

    own = valkey.removesuffix("/0") + "/5"
    monkeypatch.setenv("FAIRWATCH_REDIS_URL", own)
    settings_module.settings.cache_clear()
    asyncio.run(shown(hub, own, candidate_id))
    assert run("erase", "e1", *options).exit_code == 0
    made = orjson.loads((tmp_path / "receipt.json").read_bytes())
    assert {one["store"]: one["objects"] for one in made["stores"]}["read-model"] == 1
    assert (made["entries"], made["candidates"]) == (["e1"], [candidate_id])
    with pytest.raises(ConfigurationError, match="that is known"):
        run("erase", "e1", *options)


@pytest.mark.broker
def test_nothing_is_erased_where_a_hold_that_somebody_signed_was_taken_from_its_topic(hub, tmp_path):
    enrolled, _, _ = asyncio.run(listed(hub))
    hold = run("holds", "place", "auth-1", "--as", "ann", "--reason", "appeal").stdout.strip()
    signed = latest(hub, "legal-holds")[hold]
    head = {"head_id": f"legal-holds/{hold}", "topic": "legal-holds", "subject": hold, "at": 1, "seen_at": 1}

    async def write(record):
        async with producer(hub, "cli") as publisher:
            await publisher.publish("trust-heads", head["head_id"], head)  # as verify does once it saw the hold
            await publisher.publish("legal-holds", hold, record)

    for lied in (None, {**signed, "subject": "another"}):
        asyncio.run(write(lied))
        with pytest.raises(ConfigurationError, match=f"legal hold {hold} was signed"):
            run("erase", "e1", "--reason", "request")
    asyncio.run(write(signed))
    assert run("erase", "e1", "--reason", "request").exit_code == 1, "it is held"
    assert not asyncio.run(gone(hub, enrolled))


async def _away(_store, _uris):
    raise RetryableError("media store: away")


async def shown(hub, address, candidate_id):
    """Let the console's read model still have a candidate."""
    async with Redis.from_url(address) as redis:
        facet = Facet("candidate", candidate_id, "candidate", 1, 1, {"candidate_id": candidate_id}, listed=True)
        await RedisReadModel(redis, prefix=hub.topic_prefix).fold([facet])


@pytest.mark.broker
def test_a_receipt_counts_where_somebody_signed_it_whom_an_administrator_vouches_for(hub, tmp_path):
    asyncio.run(listed(hub))
    write_anchors(tmp_path / "trust.yaml", [ADMIN.public], [PrivateKey.generate().public])
    stranger = PrivateKey.generate()
    stranger.write(tmp_path / "officer.pem")
    lied = {**vouch_key(stranger, stranger.public, "console", at=1), "issuer": ADMIN.public.key_id}

    async def lie():
        async with producer(hub, "cli") as publisher:
            await publisher.publish("signing-keys", lied["key_id"], lied)

    asyncio.run(lie())
    with pytest.raises(ConfigurationError, match="nobody here believes"):
        run("erase", "e1", "--reason", "request", "--key", str(tmp_path / "officer.pem"))
    assert set(latest(hub, "watchlist-entries")) == {"e1"}
    run("erase", "e1", "--reason", "request", "--receipt", str(tmp_path / "receipt.json"))
    made = orjson.loads((tmp_path / "receipt.json").read_bytes())
    assert "authentic" in run("erase", "--check", str(tmp_path / "receipt.json")).output
    (tmp_path / "receipt.json").write_bytes(orjson.dumps(sign_receipt(made, stranger)))
    assert run("erase", "--check", str(tmp_path / "receipt.json")).exit_code == 1


def test_an_entry_that_was_erased_after_a_backup_does_not_come_back_with_it():
    entries = {"old": {"updated_at": 1}, "new": {"updated_at": 9}, "other": {"updated_at": None}}
    assert _without_erased(entries, {"old": 5, "new": 5}) == {name: entries[name] for name in ("new", "other")}
