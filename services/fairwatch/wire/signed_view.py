"""What every view of a signed reference topic has: when it changed, what it refused, how new its newest are."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairwatch.domain.ports import Reference
from fairwatch.telemetry import metrics
from fairwatch.wire.trust import Trust, Unauthentic
from fairwatch.wire.trust_heads import TrustHeads


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not authentic, and why."""

    topic: str
    key: str
    record: Any
    reason: Unauthentic


class SignedView(ABC):
    """The Reference port, as far as it goes by versions.

    Args:
        component: Who asks, for the metric.
        topic: Logical name.
        inner: The topic as it is.
        trust: People and keys.
        heads: How new the newest version of each record was, also before this process began.
        remembers: Keep what `take_heads` gives; for the one who writes heads.
    """

    def __init__(
        self,
        component: str,
        topic: str,
        inner: Reference,
        trust: Trust,
        *,
        heads: TrustHeads | None = None,
        remembers: bool = False,
    ) -> None:
        self._component = component
        self._topic = topic
        self._inner = inner
        self.trust = trust
        self._heads = heads or TrustHeads()
        self._marked: dict[str, int] | None = {} if remembers else None
        self._refused: list[Refused] = []
        self._trusted, self._trusted_since = trust.version, 0

    @abstractmethod
    def get(self, key: str) -> Any | None:
        """Return what counts of a record, or None."""

    @abstractmethod
    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all records by key, as `get` returns them."""

    @property
    def version(self) -> int:
        """Grow at each change of the topic, of people and of keys."""
        version = self._inner.version + self.trust.version
        if self._trusted != self.trust.version:
            self._trusted, self._trusted_since = self.trust.version, version
        return version

    def changed_since(self, version: int) -> list[str] | None:
        """Return the keys that changed after a version; None when that is not known, as after a change of keys."""
        if self.version < version or version < self._trusted_since:
            return None
        return self._inner.changed_since(version - self._trusted)

    def take_refused(self) -> list[Refused]:
        """Return what was found not to be authentic since the last call, each once."""
        found, self._refused = self._refused, []
        return found

    def take_heads(self) -> list[tuple[str, str, int]]:
        """Return topic, key and time of genuine records that are worth remembering, since the last call."""
        found = [] if self._marked is None else [(self._topic, key, at) for key, at in self._marked.items()]
        if found:
            self._marked = {}
        return found

    def _refuse(self, key: str, record: Any, reason: Unauthentic) -> None:
        self._refused.append(Refused(self._topic, key, record, reason))
        metrics.DEEDS_REFUSED.labels(self._component, reason).inc()
