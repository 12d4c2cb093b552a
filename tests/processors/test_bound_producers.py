"""What a device is said to have seen counts only where a producer that is bound to the device signed it."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Reject
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.enrich import Enrich
from fairwatch.wire.avro import Codec
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.producers import HEADER, Producers, signature_header
from fairwatch.wire.vouching import revoked, vouch_key
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, device, observation, site
from tests.support.trust import ADMIN, CONSOLE, trust, vouched

BRIDGE, OTHER, FORGER = (PrivateKey.of(letter * 32) for letter in (b"b", b"o", b"f"))
CODEC = Codec()


class Gate:
    """`enrich` where the devices gate-* are bound to one producer and yard-* to another."""

    def __init__(self) -> None:
        self.vouched = vouched("ann")
        keys = self.vouched["signing-keys"]
        self.key = vouch_key(ADMIN, BRIDGE.public, "bridge", at=1_000_000, devices=["gate-*"])
        for key in (self.key, vouch_key(ADMIN, OTHER.public, "yard", at=1_000_000, devices=["yard-*"])):
            keys.put(key["key_id"], key)
        names = ("gate-1", "yard-1", "cam-1", "nvr")
        known = {name: device(name) for name in names}
        known["gate-2"] = {**device("gate-2", aliases=["door"]), "parent_id": "nvr"}
        places = MemoryReference({"harbour": site()})
        self.state = MemoryState()
        enrich = Enrich(MemoryReference(known), places, self.state, producers=Producers(trust(self.vouched)))
        self.world = World(enrich)

    async def hears(self, record: dict[str, Any], header: bytes | None) -> tuple[int, list[str], list[str]]:
        """Return how many sightings came of it, the dead letters' reasons, and what the audit log says."""
        event = self.world.event("observations", "Observation", record, key=record["device_id"])
        event.headers = {} if header is None else {HEADER: header}
        [answer] = await self.world.push(event)
        refused = [outcome.reason for outcome in answer if isinstance(outcome, Reject)]
        told = [audit["details"]["reason"] for audit in emitted([answer], "audit")]
        return len(emitted([answer], "sightings")), refused, told


def seen(device_id: str = "gate-1", **fields: Any) -> dict[str, Any]:
    """Return an observation as its readers see it."""
    return CODEC.decode(CODEC.encode("Observation", {**observation(), "device_id": device_id, **fields}))[1]


def header(record: dict[str, Any], key: PrivateKey = BRIDGE) -> bytes:
    return signature_header(record["device_id"], record, key)


async def test_what_the_producer_of_a_device_signed_is_placed() -> None:
    gate = Gate()
    assert await gate.hears(seen(), header(seen())) == (1, [], [])
    assert await gate.hears(seen("cam-1"), None) == (1, [], []), "nobody bound it"


FORGED = {
    "unsigned": (seen(), None),
    "unreadable": (seen(), b"\xff"),
    "the forger's key": (seen(), header(seen(), FORGER)),
    "a key of the console": (seen(), header(seen(), CONSOLE)),
    "the producer of other devices": (seen(), header(seen(), OTHER)),
    "of another observation": (seen(), header(seen(observation_id="another"))),
    "of another device": (seen("gate-2"), header(seen("gate-1"))),
    "of another time": (seen(), header(seen(received_at=AT + 1))),
}


@pytest.mark.parametrize(("record", "signature"), FORGED.values(), ids=FORGED.keys())
async def test_what_somebody_else_wrote_is_a_dead_letter_and_told_once(record: Any, signature: bytes | None) -> None:
    gate = Gate()
    placed, refused, told = await gate.hears(record, signature)
    assert (placed, refused, len(told)) == (0, ["not_authentic"], 1)
    assert await gate.hears(record, signature) == (0, ["not_authentic"], []), "each is a dead letter, one is audited"
    assert (await gate.hears(seen(), header(seen())))[0] == 1, "the genuine one is placed"


async def test_what_is_wrong_in_another_way_or_again_or_was_told_in_vain_is_told_anew() -> None:
    gate, forged = Gate(), header(seen(), FORGER)
    unsigned = await gate.hears(seen(), None)
    other = await gate.hears(seen(), forged)
    assert (len(unsigned[2]), len(other[2])) == (1, 1)
    assert unsigned[2] != other[2], "two reasons"
    assert await gate.hears(seen(), header(seen())) == (1, [], [])
    assert len((await gate.hears(seen(), forged))[2]) == 1, "it was right in between"
    assert len((await gate.hears(seen(), forged))[2]) == 0
    assert len((await gate.hears(seen("yard-1"), None))[2]) == 1, "another device"
    gate.state.restore(gate.state.snapshot())
    assert len((await gate.hears(seen(), forged))[2]) == 1, "what was said did not take effect"


async def test_a_recorder_that_nobody_bound_does_not_speak_for_a_camera_that_is() -> None:
    gate = Gate()
    of_child = seen("nvr", source={**observation()["source"], "device_id": "door"})
    assert await gate.hears(of_child, None) == (0, ["not_authentic"], ["unsigned"])


async def test_a_revoked_key_signs_no_more_and_leaves_its_devices_bound() -> None:
    gate = Gate()
    ended = revoked(ADMIN, gate.key, at=AT + 10, reason="rotated")
    gate.vouched["signing-keys"].put(ended["key_id"], ended)
    assert (await gate.hears(seen(), header(seen())))[0] == 1, "what it signed before stands"
    late = seen(received_at=AT + 10)
    assert await gate.hears(late, header(late)) == (0, ["not_authentic"], ["revoked_key"])
    assert await gate.hears(late, None) == (0, ["not_authentic"], ["unsigned"])


def test_a_key_of_devices_signs_nothing_that_people_do() -> None:
    gate = Gate()
    record = {"verification_id": "v", "candidate_id": "c", "reviewer": "ann", "role": "reviewer", "decision": "MATCH",
              "decided_at": AT}  # fmt: skip
    deed = sign_deed("Verification", record, BRIDGE, act="verify", name="ann", role="reviewer", at=AT, method="key")
    asked = trust(gate.vouched).refusal(
        "Verification", record, deed, act="verify", name="ann", action="candidate.verify"
    )
    assert asked == "unknown_key"
