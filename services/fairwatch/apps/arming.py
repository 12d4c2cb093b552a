"""Sites as people arm and disarm them at the command line: checked, then written with their audit record."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fairwatch.apps.asked_words import answered
from fairwatch.apps.authentic import known_heads, known_trust
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import must_be_signed
from fairwatch.apps.reading import latest
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import judge_here
from fairwatch.apps.signer import known_signer, named
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.arming import TOPIC, Record, audited, changed, changes_of
from fairwatch.wire.signed_armings import SignedArmings, action_of, sign_arming


def said(
    settings: Settings, known: Mapping[str, Record], site_id: str, *, armed: bool, who: str, reason: str, now: int
) -> Record:
    """Return the record of a site that a person arms or disarms; `known` as `known` returns it.

    Raises:
        ConfigurationError: They may not, say no reason, or the site is so already.
    """
    if not who.strip() or not reason.strip():
        raise ConfigurationError("say who you are, and why: --as and --reason")
    _refuse(settings, site_id, who, action_of(armed=armed))
    if any(change["at"] >= now for change in changes_of(known, site_id)):
        raise ConfigurationError(f"site {site_id!r} was changed at a time that is still to come: look at the clocks")
    return changed(known.get(site_id), site_id, armed=armed, at=now, by=who, way="PERSON", reason=reason.strip())


async def signed(settings: Settings, record: Record, ask: Callable[[str], str]) -> Record:
    """Return the record of a site with the deed of who proves to be the person it names; as it is where nobody asks.

    Args:
        settings: Of the deployment.
        record: With the person's change as its last.
        ask: Asks for the password of a person.

    Raises:
        ConfigurationError: There is no key here, or nobody of that name has that password.
    """
    if TOPIC not in must_be_signed(settings):
        return record
    change = record["changes"][-1]
    password = await asyncio.to_thread(ask, change["by"])
    signer = await known_signer(settings, change["by"], password, {action_of(armed=change["armed"])})
    if signer.key is None:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: there is no key here to sign with; arm at the console")
    return sign_arming(record, signer.key, role=signer.role, method="password")


async def write(settings: Settings, record: Record, because: str = "") -> None:
    """Publish what is said of a site, and what the audit keeps of it.

    Raises:
        ConfigurationError: A word of the reason is asked about, and `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    site_id, change = record["site_id"], record["changes"][-1]
    word = answered("SiteArming", change, because, subject=site_id, actor=change["by"], at=change["at"])
    audits = [audited(record), *([word] if word else [])]
    async with producer(settings, "sites") as publisher:
        await asyncio.gather(
            *(publisher.publish("audit", site_id, each) for each in audits), publisher.publish(TOPIC, site_id, record)
        )


def known(settings: Settings) -> dict[str, Record]:
    """Return what people and devices said of each site, by the key of its record, as far as it counts."""
    found = latest(settings, TOPIC)
    if TOPIC not in must_be_signed(settings):
        return found
    heads = known_heads(settings)
    return dict(SignedArmings("cli", MemoryReference(found), known_trust(settings, heads), heads=heads).items())


def sites(settings: Settings) -> dict[str, Any]:
    """Return the sites, by id."""
    return latest(settings, "sites")


def _refuse(settings: Settings, site_id: str, who: str, action: str) -> None:
    person = named(settings, who)
    if person is None:
        return
    judge = judge_here(settings)
    if not judge.role_for(who, person.roles, action):
        fitting = " or ".join(sorted(judge.policies.roles_for(action)))
        raise ConfigurationError(f"{who!r} may not arm or disarm: {fitting} may")
    if person.sites and site_id not in person.sites:
        raise ConfigurationError(f"{who!r} does not look after site {site_id!r}")
