"""Builds processors: what a constructor names, it is given."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from inspect import Parameter, isawaitable, signature
from typing import Any

from fairwatch import __version__
from fairwatch.apps.kafka import client_options, codec, reach
from fairwatch.apps.providers import PROVIDERS
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signed_references
from fairwatch.apps.told_configuration import tell_by_itself
from fairwatch.apps.topics_access import SHARDED
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import Reference
from fairwatch.domain.processor import Processor, Spec
from fairwatch.engine.config import Build, EngineConfig, Resources
from fairwatch.parts import parts, spec_of
from fairwatch.wire.cleaning import Cleaner

BATCH_GROWN = 4_000


def engine_config(settings: Settings) -> EngineConfig:
    """Return the engine's part of the settings."""
    cleaner, framing = Cleaner(soft_biometrics=settings.soft_biometrics), codec(settings)
    return EngineConfig(
        bootstrap=settings.kafka_bootstrap,
        topic_prefix=settings.topic_prefix,
        embedded=settings.embedded,
        client_options=client_options(settings),
        reach=partial(reach, settings),
        web_host=settings.host,
        web_port=settings.health_port,
        redis_url=settings.redis_url.get_secret_value(),
        instance=settings.instance,
        batch_grown=BATCH_GROWN,
        static=settings.static_member,
        version=__version__,
        replication=settings.replication,
        state_lost=settings.state_lost,
        chain_key=settings.chain_key.get_secret_value().encode(),
        unbound_accepted=settings.unbound == "accept",
        redact=lambda _, value: cleaner.framed(framing, value),
    )


def class_of(name: str) -> type[Processor]:
    """Return the class of a processor; a worker imports what it runs, and no more."""
    found: type[Processor] = getattr(import_module(f"fairwatch.processors.{parts()[name].module}"), name.title())
    return found


def build(name: str, provide: Mapping[str, Callable[[], Any]], references: Mapping[str, Reference]) -> Processor:
    """Build a processor: each parameter of its constructor is a topic that its Spec refers to, or what is provided.

    Args:
        name: The processor's.
        provide: Makes what a constructor may name, by the parameter's name; made only where it is named.
        references: The topics that it reads whole; `watchlist_entries` is the parameter of `watchlist-entries`.

    Raises:
        ConfigurationError: Nobody provides what a parameter without a default names.
    """
    made = class_of(name)
    given = {}
    for word, parameter in signature(made).parameters.items():
        topic = word.replace("_", "-")
        if topic in spec_of(name).references:
            given[word] = references[topic]
        elif word in provide:
            given[word] = provide[word]()
        elif parameter.default is Parameter.empty:
            raise ConfigurationError(f"{name} asks for {word!r}, which nothing in fairwatch/apps/providers.py makes")
    return made(**given)


def built(settings: Settings, name: str, given: Resources) -> Processor:
    """Build a processor from settings and from what the engine gives it."""
    given = replace(given, references=signed_references(settings, name, given.references))
    provide = {word: partial(provider, settings, given) for word, provider in PROVIDERS.items()}
    return build(name, provide, given.references)


async def _told_and_built(settings: Settings, component: str, build: Build, given: Resources) -> Processor:
    """Build a processor once the audit log has which configuration its process reads."""
    await tell_by_itself(settings, component, component)
    made = build(given)
    return await made if isawaitable(made) else made


def running_spec(settings: Settings, name: str) -> Spec:
    """Return what the engine has to know of a processor here: a part of the lists has its own group and state."""
    spec = spec_of(name)
    return replace(spec, name=name + settings.list_part.name) if name == SHARDED else spec


def run_processor(settings: Settings, name: str) -> int:
    """Run a processor, or a chain (`match+route`), in the calling process until it is told to stop.

    Returns the exit code.
    """
    from fairwatch.engine.worker import run_worker  # noqa: PLC0415  Faust is slow to import

    parts_of = name.split("+")
    if settings.gallery_shard and len(parts_of) > 1:
        raise ConfigurationError(f"{name}: a part of the lists (gallery_shard) is held by match alone, not by a chain")
    processors: dict[Spec, Build] = {running_spec(settings, part): partial(built, settings, part) for part in parts_of}
    teller = next(iter(processors))  # one of a chain tells for all; every processor may write the audit log
    processors[teller] = partial(_told_and_built, settings, name, processors[teller])
    return run_worker(processors, engine_config(settings), codec(settings))
