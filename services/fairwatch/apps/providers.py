"""What a processor may ask for in its constructor, by the name of the parameter."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fairwatch.apps.kafka import codec
from fairwatch.apps.media import gallery_keys, media_store, raw_store
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import Clock
from fairwatch.domain.ports import Reference, State
from fairwatch.engine.config import Resources
from fairwatch.matching.list_part import ListPart
from fairwatch.stores.media import MediaStore
from fairwatch.wire.avro import Codec
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.topics import topics

# What a process does not run, it does not import: start-up time and memory are counted per process.
if TYPE_CHECKING:
    from fairwatch.matching.face_search import FaceSearch
    from fairwatch.matching.match_policy import MatchPolicy
    from fairwatch.matching.recheck import Recheck
    from fairwatch.policy.escalations import Escalations
    from fairwatch.policy.judge import Judge
    from fairwatch.policy.quiet import Quiet
    from fairwatch.policy.retention import Retention
    from fairwatch.policy.routing import RouteTree
    from fairwatch.policy.rule_book import RuleBook
    from fairwatch.policy.signatures import PrivateKey
    from fairwatch.processors.anchor import Anchoring
    from fairwatch.processors.retain import Kept
    from fairwatch.sinks.receivers import Receiver
    from fairwatch.sinks.watch import Watch
    from fairwatch.stores.read_model import RedisReadModel
    from fairwatch.wire.producers import Producers
    from fairwatch.wire.signed_audit import Tellers
    from fairwatch.wire.trust import Trust


def _state(_: Settings, given: Resources) -> State:
    return given.state


def _clock(_: Settings, given: Resources) -> Clock:
    return given.clock


def _references(_: Settings, given: Resources) -> Mapping[str, Reference]:
    return given.references


def _recheck(_: Settings, given: Resources) -> "Recheck":
    from fairwatch.matching.recheck import Recheck  # noqa: PLC0415

    return Recheck(given.references)


def _trust(settings: Settings, given: Resources) -> "Trust":
    from fairwatch.apps.keys import anchors, ended_keys  # noqa: PLC0415
    from fairwatch.apps.signed import judge_here  # noqa: PLC0415
    from fairwatch.wire.trust import Trust  # noqa: PLC0415
    from fairwatch.wire.trust_heads import TOPIC, TrustHeads  # noqa: PLC0415

    people, keys = given.references["people"], given.references["signing-keys"]
    heads = TrustHeads(given.references.get(TOPIC))
    return Trust(people, keys, anchors(settings), ended_keys(settings), heads, judge_here(settings))


def _judge(settings: Settings, _: Resources) -> "Judge":
    from fairwatch.apps.signed import judge_here  # noqa: PLC0415

    return judge_here(settings)


def _signing_key(settings: Settings, _: Resources) -> "PrivateKey | None":
    from fairwatch.apps.keys import signing_key  # noqa: PLC0415

    return signing_key(settings)


def _producers(settings: Settings, given: Resources) -> "Producers":
    from fairwatch.wire.producers import Producers  # noqa: PLC0415

    return Producers(_trust(settings, given))


def _answers(settings: Settings, given: Resources) -> "Trust | None":
    """Return what says whose an answer to an alert is; None where unsigned ones count."""
    from fairwatch.apps.keys import must_be_signed  # noqa: PLC0415

    return _trust(settings, given) if "alert-actions" in must_be_signed(settings) else None


def _merges(settings: Settings, given: Resources) -> "Trust | None":
    """Return what says who merged or split an incident; None where unsigned deeds count."""
    from fairwatch.apps.keys import must_be_signed  # noqa: PLC0415

    return _trust(settings, given) if "incident-actions" in must_be_signed(settings) else None


def _tellers(settings: Settings, given: Resources) -> "Tellers | None":
    """Return what says whether the console told what the audit log hears of people; None where nobody asks for keys."""
    from fairwatch.apps.keys import anchors, must_be_signed  # noqa: PLC0415
    from fairwatch.wire.signed_audit import TOPIC, Tellers  # noqa: PLC0415

    return Tellers(_trust(settings, given), TOPIC in must_be_signed(settings)) if anchors(settings) else None


def _media(settings: Settings, _: Resources) -> MediaStore:
    return media_store(settings)


def _bodies(settings: Settings, _: Resources) -> MediaStore:
    return raw_store(settings)


def _names(settings: Settings, _: Resources) -> Names:
    return Names(settings.names_secret.get_secret_value())


def _soft_biometrics(settings: Settings, _: Resources) -> bool:
    return settings.soft_biometrics


def _codec(settings: Settings, _: Resources) -> Codec:
    return codec(settings)


def _tree(settings: Settings, _: Resources) -> "RouteTree":
    from fairwatch.policy.routing import RouteTree  # noqa: PLC0415

    return RouteTree.read(settings.config_dir / "routes.yaml")


def _rules(settings: Settings, given: Resources) -> "RuleBook":
    from fairwatch.policy.rule_book import RuleBook  # noqa: PLC0415

    return RuleBook(_tree(settings, given), given.references["rule-sets"])


def _escalations(settings: Settings, _: Resources) -> "Escalations":
    from fairwatch.policy.escalations import FILE, Escalations  # noqa: PLC0415

    return Escalations.read(settings.config_dir / FILE)


def _receivers(settings: Settings, given: Resources) -> "Mapping[str, Receiver]":
    from fairwatch.apps.links import linked  # noqa: PLC0415
    from fairwatch.apps.pictures import pictures_of  # noqa: PLC0415
    from fairwatch.sinks.receivers import read_receivers  # noqa: PLC0415

    pictures = pictures_of(settings)
    receivers = read_receivers(settings.config_dir / "receivers.yaml", given.clock, pictures=pictures)
    return linked(receivers, settings, given.clock)


def _watch(settings: Settings, _: Resources) -> "Watch":
    from fairwatch.sinks.receivers import read_watch  # noqa: PLC0415

    return read_watch(settings.config_dir / "receivers.yaml")


def _lag(_: Settings, __: Resources) -> "Callable[[Sequence[int]], int]":
    from fairwatch.telemetry.metrics import lag  # noqa: PLC0415

    return partial(lag, "notify")


def _unread(_: Settings, __: Resources) -> "Callable[[Sequence[int]], int | None]":
    from fairwatch.telemetry.metrics import known_lag  # noqa: PLC0415

    return partial(known_lag, "correlate")


def _unread_steps(_: Settings, __: Resources) -> "Callable[[Sequence[int]], int | None]":
    from fairwatch.telemetry.metrics import known_lag  # noqa: PLC0415

    return partial(known_lag, "incident")


def _quiet(settings: Settings, _: Resources) -> "Quiet":
    from fairwatch.policy.quiet import FILE, Quiet  # noqa: PLC0415

    return Quiet.read(settings.config_dir / FILE)


def _partitions(settings: Settings, _: Resources) -> int:
    """Return how many partitions of alerts there are, as `topics apply` makes them."""
    return min(topics()["alerts"].partitions, settings.max_partitions or topics()["alerts"].partitions)


def _read_model(settings: Settings, _: Resources) -> "RedisReadModel":
    from redis.asyncio import Redis  # noqa: PLC0415

    from fairwatch.stores.read_model import RedisReadModel  # noqa: PLC0415

    return RedisReadModel(Redis.from_url(settings.redis_url.get_secret_value()), prefix=settings.topic_prefix)


def _stores(settings: Settings, given: Resources) -> "Mapping[str, Kept]":
    """Return the stores whose contents have a lifetime, with that lifetime in hours."""
    from fairwatch.processors.retain import Kept  # noqa: PLC0415

    said, hours = _retention(settings, given), {name: topic.retention_hours for name, topic in topics().items()}
    return {
        "media": Kept(_media(settings, given), said.of_pictures(hours, settings.media_hours)),
        "raw": Kept(_bodies(settings, given), said.of_topic("raw-events", hours["raw-events"])),
    }


def _retention(settings: Settings, _: Resources) -> "Retention":
    from fairwatch.policy.retention import Retention  # noqa: PLC0415

    return Retention.load(settings.config_dir)


def _anchoring(settings: Settings, given: Resources) -> "Anchoring":
    from fairwatch.apps.anchors import anchoring_of  # noqa: PLC0415

    return anchoring_of(settings, given.clock)


def _faces(settings: Settings, given: Resources) -> "FaceSearch | None":
    """Return what compares faces; None, and no model is needed, where faces are not compared."""
    if not settings.faces:
        return None
    from fairwatch.matching.face_search import FaceSearch  # noqa: PLC0415
    from fairwatch.matching.faces import FaceReader  # noqa: PLC0415
    from fairwatch.matching.models import FaceConfig  # noqa: PLC0415

    reader = FaceReader(FaceConfig.load(settings.config_dir / "models.yaml"), settings.model_dir)
    keepsake = None
    if settings.gallery_file is not None:
        from fairwatch.matching.keepsake import Keepsake  # noqa: PLC0415

        secret, keys = settings.gallery_key.get_secret_value(), gallery_keys(settings)
        keepsake = Keepsake(settings.gallery_file, secret, reader.template_space, keys)
    return FaceSearch(reader, _media(settings, given), keepsake)


def _policy(settings: Settings, _: Resources) -> "MatchPolicy":
    from fairwatch.matching.match_policy import FILE, MatchPolicy  # noqa: PLC0415

    return MatchPolicy.load(settings.config_dir / FILE)


def _list_part(settings: Settings, _: Resources) -> ListPart:
    return settings.list_part


PROVIDERS: Mapping[str, Callable[[Settings, Resources], Any]] = {
    "state": _state,
    "clock": _clock,
    "references": _references,
    "recheck": _recheck,
    "trust": _trust,
    "judge": _judge,
    "answers": _answers,
    "merges": _merges,
    "tellers": _tellers,
    "producers": _producers,
    "signing_key": _signing_key,
    "media": _media,
    "bodies": _bodies,
    "names": _names,
    "soft_biometrics": _soft_biometrics,
    "codec": _codec,
    "list_part": _list_part,
    "rules": _rules,
    "escalations": _escalations,
    "receivers": _receivers,
    "watch": _watch,
    "lag": _lag,
    "unread": _unread,
    "unread_steps": _unread_steps,
    "quiet": _quiet,
    "partitions": _partitions,
    "read_model": _read_model,
    "stores": _stores,
    "retention": _retention,
    "anchoring": _anchoring,
    "faces": _faces,
    "policy": _policy,
}
