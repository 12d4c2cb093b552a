"""One processor of a worker: what belongs to it alone, whether it runs by itself or in a chain."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.processor import Spec
from fairwatch.engine.alarm import Alarm
from fairwatch.engine.config import Build, EngineConfig, Resources
from fairwatch.engine.dead_letters import DeadLetters
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.guard import DeadLetterGuard
from fairwatch.engine.link import Link
from fairwatch.engine.reference import TopicReference
from fairwatch.engine.restoring import Restoring
from fairwatch.engine.state import PartitionedState
from fairwatch.engine.tally import Tally
from fairwatch.engine.topics import changelog_of, ensure_changelog
from fairwatch.engine.turns import Turns
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import Bonds

if TYPE_CHECKING:
    from fairwatch.engine.application import Application


class Part:
    """A processor with its state, and its count of what it did.

    Args:
        references: Those of the worker by topic; what is missing is added.
    """

    def __init__(
        self,
        spec: Spec,
        build: Build,
        config: EngineConfig,
        codec: Codec,
        clock: Clock,
        records: Mapping[str, str],
        references: dict[str, TopicReference],
    ) -> None:
        self.spec = spec
        self.topics = frozenset(config.topic_prefix + name for name in spec.reads)
        self.changelog = changelog_of(config.topic_prefix, spec.name)
        self.state = PartitionedState(spec.state_version)
        self.restoring = Restoring(spec.name, config, self.changelog, self.state, clock, self.topics)
        self._bonds = Bonds(config.chain_key, accepts=config.unbound_accepted)
        for name in spec.references:
            references.setdefault(name, TopicReference(spec.name, name, records[name], codec, self._bonds))
        self._references = {name: references[name] for name in spec.references}
        self.tally = Tally(spec.name)
        self.owned: list[int] = []
        self.alarm: Alarm | None = None
        self._build = build
        self._config = config
        self._codec = codec
        self._clock = clock
        self._records = records

    async def link(self, turns: Turns) -> Link:
        """Build the processor, its changelog included, and return it ready to be asked.

        Raises:
            ConfigurationError: The changelog is not as it has to be.
        """
        spec, config = self.spec, self._config
        if spec.state:
            await ensure_changelog(config, self.changelog, config.topic_prefix + spec.reads[0])
        made = self._build(Resources(self._clock, self.state, self._references))
        built = await made if inspect.isawaitable(made) else made
        self.tally.facts = {**getattr(built, "facts", {}), "bonds": self._bonds.said}
        return Link(
            built,
            spec=spec,
            topics=self.topics,
            written=frozenset(config.topic_prefix + name for name in spec.writes),
            encoding=Encoding(spec, self._codec, self._records, config.topic_prefix, self._bonds),
            state=self.state,
            dead_letters=DeadLetters(spec.name, config, self._codec, self._clock),
            guard=DeadLetterGuard(
                config.dead_letter_share,
                config.dead_letter_window,
                config.dead_letter_run,
                open_topics={config.topic_prefix + name for name in config.open_topics},
            ),
            tally=self.tally,
            turns=turns,
            clock=self._clock,
            changelog=self.changelog,
            retry_s=config.retry_s,
        )

    async def restore(self, app: "Application", current: Callable[[], bool]) -> bool:
        """Take over the partitions that we were given; return False when they are given to somebody else already."""
        self.owned = sorted({tp.partition for tp in app.consumer.assignment() if tp.topic in self.topics})
        return not self.spec.state or await self.restoring.restore(app, self.owned, current)


def joined(specs: Sequence[Spec]) -> Spec:
    """Return what the engine has to know of several processors that run as one chain.

    Raises:
        ConfigurationError: They cannot.
    """
    if len(specs) == 1:
        return specs[0]
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"{'+'.join(names)}: a chain has each processor once")
    for spec in specs:
        if spec.replay:
            raise ConfigurationError(f"{spec.name} reads its topics anew at each start, so it runs by itself")
    return Spec(
        "+".join(names),
        reads=tuple(dict.fromkeys(topic for spec in specs for topic in spec.reads)),
        writes=tuple(dict.fromkeys(topic for spec in specs for topic in spec.writes)),
        state=any(spec.state for spec in specs),
        references=tuple(dict.fromkeys(topic for spec in specs for topic in spec.references)),
        pace_s=min(spec.pace_s for spec in specs),
    )
