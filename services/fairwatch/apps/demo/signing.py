"""Signs the demo's world: who asked for an authorisation, who agreed, and their keys."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairwatch.apps.demo.credentials import PEOPLE
from fairwatch.apps.keys import ANCHORS, make_files, publish
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.signings import APPROVE, ENROL, REQUEST, SIGNINGS
from fairwatch.wire.vouching import vouch_key, vouch_person

ROLES = ("reviewer", "operator")
OFFICIALS = {"inspector.ray": ("requester",), "judge.okafor": ("approver",)}

Row = tuple[str, str, dict[str, Any]]


async def vouch(settings: Settings, folder: Path) -> PrivateKey:
    """Make keys of an administrator and of the console, vouch for everybody who acts; return the console's key."""
    admin, console = make_files(folder / "keys")
    shutil.copyfile(folder / "keys" / ANCHORS, folder / "config" / ANCHORS)
    at = SystemClock().now()
    roles = {**dict.fromkeys(PEOPLE, ROLES), **OFFICIALS}
    people = [vouch_person(admin, name, its, since=at, at=at) for name, its in roles.items()]
    await publish(settings, [vouch_key(admin, console.public, "console", at=at)], people, "operator:demo")
    return console


def signed(rows: Iterable[Row], key: PrivateKey) -> list[Row]:
    """Return reference records as the people whom they name sign them."""
    return [(topic, name, _signed(topic, record, key)) for topic, name, record in rows]


def _signed(topic: str, record: dict[str, Any], key: PrivateKey) -> dict[str, Any]:
    if topic not in {"authorisations", "watchlist-entries"}:
        return record
    at, signing, agreed = SystemClock().now(), SIGNINGS[topic], record["approved_by"]
    act, name = (REQUEST, record["requested_by"]) if topic == "authorisations" else (ENROL, record["created_by"])
    made = signing.signed(record, key, act, name, "requester", at=at)
    for name in agreed if isinstance(agreed, list) else [agreed]:
        made = signing.signed(made, key, APPROVE, name, "approver", at=at)
    return made
