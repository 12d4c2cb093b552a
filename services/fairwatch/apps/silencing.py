"""Silences as people make them at the command line, with the rules, people and topics of a deployment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairwatch.apps.asked_words import answered
from fairwatch.apps.kafka import client_options, codec, producer
from fairwatch.apps.keys import must_be_signed
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import UnknownPersonError, known_signer, named
from fairwatch.console.people import Person
from fairwatch.console.silences import SilenceDesk
from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.reference import TopicReference
from fairwatch.policy import silence_deeds
from fairwatch.policy.matchers import matcher
from fairwatch.policy.quiet import FILE, Quiet
from fairwatch.policy.silence_deeds import TOPIC, Record, SilenceRefusedError, Wish, longest_role, refuse
from fairwatch.policy.silence_preview import Preview, preview
from fairwatch.policy.silencing import InForce, matcher_faults
from fairwatch.wire.signings import SILENCE_ACTS, sign_silence

DAY = 86_400_000_000
ADDED = "silence.added"
__all__ = ["Wish"]


def draft(settings: Settings, wish: Wish, now: int) -> Record:
    """Return the record of a silence.

    Raises:
        ConfigurationError: It may not be; the sentence begins with the reason.
    """
    quiet, person = _quiet(settings), None if wish.role else _known(settings, wish.author)
    if person is not None:
        wish = replace(wish, role=longest_role(person.roles, quiet), sites=person.sites)
    return silence_deeds.draft(wish, quiet, now)


def approved(settings: Settings, record: Mapping[str, Any], who: str, now: int) -> Record:
    """Return a silence that one more person agreed to; ConfigurationError says why that one cannot."""
    person = _known(settings, who)
    return silence_deeds.approved(record, who, _quiet(settings), now, person.sites if person else frozenset())


def expired(settings: Settings, record: Mapping[str, Any], who: str, now: int) -> Record:
    """Return a silence that somebody ends now; ConfigurationError where it has ended."""
    person = _known(settings, who)
    return silence_deeds.expired(record, who, now, person.sites if person else frozenset())


async def signed(settings: Settings, action: str, who: str, record: Record, ask: Callable[[str], str]) -> Record:
    """Return a silence with the deed of who proves to be this person; as it is where nobody demands that.

    Args:
        settings: Of the deployment.
        action: What was done.
        who: By whom.
        record: The silence.
        ask: Asks for the password of a person.

    Raises:
        ConfigurationError: There is no key here, or nobody of that name has that password.
    """
    if TOPIC not in must_be_signed(settings):
        return record
    signer = await known_signer(settings, who, await asyncio.to_thread(ask, who), {f"silence.{SILENCE_ACTS[action]}"})
    if signer.key is None:
        raise ConfigurationError(
            "FAIRWATCH_SIGNING_KEY_FILE: there is no key here to sign with; silence at the console"
        )
    return sign_silence(record, signer.key, action, signer.name, signer.role)


async def write(settings: Settings, action: str, who: str, record: Record, because: str = "") -> None:
    """Publish a silence and what the audit keeps of it.

    Raises:
        ConfigurationError: A word that was typed is asked about, and `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    typed = record if action == ADDED else {}
    word = answered("Silence", typed, because, subject=record["silence_id"], actor=who, at=record["updated_at"])
    async with producer(settings, "silences") as publisher:
        if word:
            await publisher.publish("audit", record["silence_id"], word)
        await silence_deeds.write(publisher, action, who, record)


def known(settings: Settings) -> dict[str, Record]:
    """Return the newest record of each silence by id."""
    return {record["silence_id"]: record for _, _, record in read_topic(settings, TOPIC)}


def one(settings: Settings, beginning: str) -> Record:
    """Return the silence whose id begins so; ConfigurationError when there is not exactly one."""
    found = [record for silence_id, record in known(settings).items() if silence_id.startswith(beginning)]
    if len(found) != 1:
        raise ConfigurationError(f"{len(found)} silences have an id that begins with {beginning!r}")
    return found[0]


def preview_of(settings: Settings, matchers: Sequence[str], now: int, *, agreed: bool) -> Preview:
    """Return what a silence would have held back of the last day's alerts; ConfigurationError for odd matchers."""
    refuse(matcher_faults(matchers))
    silence = InForce("", tuple(map(matcher, matchers)), now - DAY, now, agreed)
    alerts = (record for _, _, record in read_topic(settings, "alerts") if record["issued_at"] >= now - DAY)
    return preview(alerts, silence)


def silence_desk(settings: Settings, component: str) -> SilenceDesk:
    """Return what the console needs for silences; its topic is followed from then on, in the running loop."""
    topic = TopicReference(component, TOPIC, "Silence", codec(settings))
    options = client_options(settings)

    async def previewed(matchers: Sequence[str], now: int) -> Preview:
        return await asyncio.to_thread(preview_of, settings, matchers, now, agreed=False)

    following = topic.run(settings.kafka_bootstrap, options, settings.topic_prefix)
    return SilenceDesk(_quiet(settings), topic, previewed, following)


def _quiet(settings: Settings) -> Quiet:
    return Quiet.read(settings.config_dir / FILE)


def _known(settings: Settings, name: str) -> Person | None:
    """Return a person; None where there is no people.yaml to ask."""
    try:
        return named(settings, name)
    except UnknownPersonError as error:
        raise SilenceRefusedError([("no_author", str(error))]) from None
