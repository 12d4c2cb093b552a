"""Binding the list of a device to an authorisation: one person asks for it, another one agrees."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fairwatch.apps.asked_words import answered
from fairwatch.apps.device_admin.register import audited
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import must_be_signed
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.authorisation import person, standing, within
from fairwatch.wire.kinds.names import Names, is_token
from fairwatch.wire.signings import SIGNINGS

TOPIC: Final = "device-lists"
REQUESTED: Final = "device_list.requested"

Record = dict[str, Any]


def signed(settings: Settings, who: Signer, act: str, record: Record) -> Record:
    """Return a binding with the person's deed; without it where this machine has no key and nobody demands one.

    Raises:
        ConfigurationError: There is no key to sign with, and only what is signed counts.
    """
    if who.key is None and TOPIC not in must_be_signed(settings):
        return record
    return who.signed(SIGNINGS[TOPIC], record, act, record["updated_at"])


def draft(
    settings: Settings,
    device_id: str,
    authorisation_id: str,
    entries: Sequence[tuple[str, str]],
    whole: str | None,
    *,
    now: int,
    until: int,
) -> Record:
    """Return the binding that somebody asks for, without who does.

    Args:
        settings: Where the topics are; hold the secret of tokens.
        device_id: The device that keeps the list and sends.
        authorisation_id: What it is bound to.
        entries: (name or id by which the device calls somebody, or its token; watchlist entry).
        whole: The entry that the whole list stands for.
        now: From when, microseconds UTC.
        until: Till when at most.

    Raises:
        ConfigurationError: The device, the authorisation or an entry is not there, not in force, or another's.
    """
    ends_at = _bindable_until(settings, device_id, authorisation_id, [one for _, one in entries], whole, now)
    names = Names(settings.names_secret.get_secret_value())
    return {
        "list_id": stable_id("device-list", device_id, authorisation_id, now),
        "device_id": device_id,
        "authorisation_id": authorisation_id,
        "state": "REQUESTED",
        "entry_id": whole,
        "entries": [
            {"token": said if is_token(said) else names.token(device_id, "id", said), "entry_id": entry_id}
            for said, entry_id in entries
        ],
        "valid_from": now,
        "valid_until": min(until, ends_at),
        "updated_at": now,
    }


def _bindable_until(
    settings: Settings, device_id: str, authorisation_id: str, named: Sequence[str], whole: str | None, now: int
) -> int:
    """Return until when a list of a device may be bound to these entries, or to the one that it stands for whole.

    Raises:
        ConfigurationError: Nothing or both was said, or what was named is not there, not in force, or another's.
    """
    if bool(named) == (whole is not None):
        raise ConfigurationError("either --entry for each identity, or --whole for the list")
    if device_id not in latest(settings, "devices"):
        raise ConfigurationError(f"there is no device {device_id!r}")
    ends_at = _ends_at(settings, authorisation_id, now)
    listed = latest(settings, "watchlist-entries")
    wanted = [*named, *([whole] if whole else [])]
    faults = [fault for one in wanted for fault in _entry_faults(one, listed.get(one), authorisation_id)]
    if faults:
        raise ConfigurationError("; ".join(faults))
    return ends_at


def agreed(record: Mapping[str, Any], who: str, now: int) -> Record:
    """Return a binding that a second person agreed to.

    Raises:
        ConfigurationError: It is the same person, or the binding has ended.
    """
    if record["state"] == "ENDED" or record["valid_until"] <= now:
        raise ConfigurationError(f"device list {record['list_id']} has ended")
    if person(who) == person(record["requested_by"]):
        raise ConfigurationError(f"{who} asked for it: a second person has to agree")
    return {**record, "state": "BOUND", "approved_by": [*record.get("approved_by", ()), who], "updated_at": now}


async def write(settings: Settings, action: str, who: str, record: Record, because: str = "") -> None:
    """Publish a binding and who did it.

    Raises:
        ConfigurationError: A word of the reason is asked about, and `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    list_id, at = record["list_id"], record["updated_at"]
    details = {
        "by": who,
        "device_id": record["device_id"],
        "authorisation_id": record["authorisation_id"],
        "entries": ", ".join(sorted({one["entry_id"] for one in record["entries"]})) or str(record["entry_id"]),
    }
    asked = record if action == REQUESTED else {}
    word = answered("DeviceList", asked, because, subject=list_id, actor=who, at=at)
    async with producer(settings, "cli") as publisher:
        if word:
            await publisher.publish("audit", list_id, word)
        await audited(publisher, action, list_id, at, details)
        await publisher.publish(TOPIC, list_id, record)


def one(settings: Settings, beginning: str) -> Record:
    """Return the binding whose id begins so; ConfigurationError when there is not exactly one."""
    found = [record for list_id, record in latest(settings, TOPIC).items() if list_id.startswith(beginning)]
    if len(found) != 1:
        raise ConfigurationError(f"{len(found)} device lists have an id that begins with {beginning!r}")
    return dict(found[0])


def _ends_at(settings: Settings, authorisation_id: str, now: int) -> int:
    authorisation = latest(settings, "authorisations").get(authorisation_id)
    if authorisation is None:
        raise ConfigurationError(f"there is no authorisation {authorisation_id!r}")
    refusal = standing(authorisation) or within(
        authorisation["valid_from"], authorisation["valid_until"], at=now, now=now
    )
    if refusal:
        raise ConfigurationError(f"authorisation {authorisation_id!r}: {refusal}")
    return int(authorisation["valid_until"])


def _entry_faults(entry_id: str, entry: Mapping[str, Any] | None, authorisation_id: str) -> list[str]:
    if entry is None:
        return [f"there is no watchlist entry {entry_id!r}"]
    if entry["kind"] != "FACE":
        return [f"entry {entry_id} is about a plate: plates are compared with our own lists"]
    if entry.get("authorisation_id") != authorisation_id:
        return [f"entry {entry_id} rests on authorisation {entry.get('authorisation_id')}"]
    return []
