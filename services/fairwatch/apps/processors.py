"""Builds each processor from settings and what the engine gives it: one small function for each."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from redis.asyncio import Redis

from fairwatch import __version__
from fairwatch.apps.kafka import client_options, codec, reach
from fairwatch.apps.settings import Settings
from fairwatch.domain.processor import Processor, Spec
from fairwatch.engine.config import EngineConfig, Resources
from fairwatch.stores.media import MediaStore, raw_url
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.topics import topics

Builder = Callable[[Settings, Resources], Processor]


REFER_TO_PICTURES = ("observations", "sightings", "candidates", "verdicts", "alerts")
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
        redact=lambda _, value: cleaner.framed(framing, value),
    )


def normalize(settings: Settings, given: Resources) -> Processor:
    """Read payloads with the adapters."""
    from fairwatch.processors.normalize import Normalize  # noqa: PLC0415  a worker imports what it runs, no more

    references = given.references
    return Normalize(
        references["devices"],
        references["watchlist-entries"],
        MediaStore.open(settings.media_url),
        bodies=MediaStore.open(settings.raw_url or raw_url(settings.media_url)),
        soft_biometrics=settings.soft_biometrics,
        names=Names(settings.names_secret.get_secret_value()),
    )


def enrich(settings: Settings, given: Resources) -> Processor:
    """Place observations."""
    from fairwatch.processors.enrich import Enrich  # noqa: PLC0415

    references = given.references
    return Enrich(
        references["devices"],
        references["sites"],
        given.state,
        soft_biometrics=settings.soft_biometrics,
        names=Names(settings.names_secret.get_secret_value()),
    )


def verify(_: Settings, given: Resources) -> Processor:
    """Ask for two people."""
    from fairwatch.processors.verify import Verify  # noqa: PLC0415

    return Verify(given.clock, given.state, given.references)


def route(settings: Settings, given: Resources) -> Processor:
    """Decide what is an alert."""
    from fairwatch.policy.routing import RouteTree  # noqa: PLC0415
    from fairwatch.processors.route import Route  # noqa: PLC0415

    return Route(RouteTree.read(settings.config_dir / "routes.yaml"), given.references["sites"])


def group(settings: Settings, given: Resources) -> Processor:
    """Keep one alert for each group."""
    from fairwatch.policy.routing import RouteTree  # noqa: PLC0415
    from fairwatch.processors.group import Group  # noqa: PLC0415

    return Group(RouteTree.read(settings.config_dir / "routes.yaml").rules, given.state, given.clock)


def notify(settings: Settings, given: Resources) -> Processor:
    """Hand alerts to receivers."""
    from fairwatch.processors.notify import Notify  # noqa: PLC0415
    from fairwatch.sinks.receivers import read_receivers  # noqa: PLC0415

    receivers = read_receivers(settings.config_dir / "receivers.yaml", given.clock)
    return Notify(receivers, given.state, given.clock, codec(settings))


def audit(_: Settings, given: Resources) -> Processor:
    """Chain what was decided."""
    from fairwatch.processors.audit import Audit  # noqa: PLC0415

    return Audit(given.state, given.clock)


def project(settings: Settings, _: Resources) -> Processor:
    """Fold what the console shows."""
    from fairwatch.processors.project import Project  # noqa: PLC0415
    from fairwatch.stores.read_model import RedisReadModel  # noqa: PLC0415

    redis = Redis.from_url(settings.redis_url.get_secret_value())
    return Project(RedisReadModel(redis, prefix=settings.topic_prefix))


def retain(settings: Settings, given: Resources) -> Processor:
    """Delete what is past its lifetime."""
    from fairwatch.processors.retain import Kept, Retain  # noqa: PLC0415

    hours = settings.media_hours or max(topics()[name].retention_hours for name in REFER_TO_PICTURES)
    stores = {
        "media": Kept(MediaStore.open(settings.media_url), hours),
        "raw": Kept(
            MediaStore.open(settings.raw_url or raw_url(settings.media_url)), topics()["raw-events"].retention_hours
        ),
    }
    return Retain(stores, given.references["watchlist-entries"], given.clock)


def match(settings: Settings, given: Resources) -> Processor:
    """Compare with what is authorised; without faces no model is needed."""
    from fairwatch.matching.face_search import FaceSearch  # noqa: PLC0415
    from fairwatch.matching.faces import FaceReader  # noqa: PLC0415
    from fairwatch.matching.models import FaceConfig  # noqa: PLC0415
    from fairwatch.processors.match import Match  # noqa: PLC0415

    if not settings.faces:
        return Match(given.clock, given.references, None)
    reader = FaceReader(FaceConfig.load(settings.config_dir / "models.yaml"), settings.model_dir)
    return Match(given.clock, given.references, FaceSearch(reader, MediaStore.open(settings.media_url)))


BUILDERS: dict[str, Builder] = {
    builder.__name__: builder
    for builder in (normalize, enrich, match, verify, route, group, notify, audit, project, retain)
}


def spec_of(name: str) -> Spec:
    """Return what the engine has to know of a processor."""
    processor = getattr(import_module(f"fairwatch.processors.{name}"), name.title())
    spec: Spec = processor.spec
    return spec


def run_processor(settings: Settings, name: str) -> int:
    """Run a processor, or a chain (`match+route`), in the calling process until it is told to stop.

    Returns the exit code.
    """
    from fairwatch.engine.worker import run_worker  # noqa: PLC0415  Faust is slow to import

    processors = {spec_of(part): partial(BUILDERS[part], settings) for part in name.split("+")}
    return run_worker(processors, engine_config(settings), codec(settings))
