"""Which sites are armed, where only what people signed counts; what devices of a site say, `route` writes for them.

A record holds several changes of several people, so that each change has a deed of its own. A change that is not
authentic is left out: the site is armed or not as if nobody had said it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairwatch.domain.ports import Reference
from fairwatch.policy.signatures import PrivateKey
from fairwatch.telemetry import metrics
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.signed_reference import Refused
from fairwatch.wire.trust import Trust, Unauthentic

TOPIC: Final = "site-armings"
RECORD: Final = "SiteArming"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Seen:
    record: Any
    trusted: int
    shown: Any
    refused: tuple[Any, ...]


class SignedArmings:
    """The Reference port over `site-armings`: records without those changes of people that they did not sign.

    Args:
        component: Who asks, for the metric.
        inner: The topic as it is.
        trust: People and keys.
    """

    def __init__(self, component: str, inner: Reference, trust: Trust) -> None:
        self._component = component
        self._inner = inner
        self.trust = trust
        self._seen: dict[str, _Seen] = {}
        self._refused: list[Refused] = []
        self.trusted, self.trusted_since = trust.version, 0

    @property
    def version(self) -> int:
        """Grow at each change of the topic, of people and of keys."""
        version = self._inner.version + self.trust.version
        if self.trusted != self.trust.version:
            self.trusted, self.trusted_since = self.trust.version, version
        return version

    def changed_since(self, version: int) -> list[str] | None:
        """Return the sites that changed after a version; None when that is not known, as after a change of keys."""
        if self.version < version or version < self.trusted_since:
            return None
        return self._inner.changed_since(version - self.trusted)

    def get(self, key: str) -> Any | None:
        """Return what is authentic of what was said of a site, or None."""
        record, seen = self._inner.get(key), self._seen.get(key)
        if record is None:
            return None
        if seen is None or seen.record is not record or seen.trusted != self.trust.version:
            seen = self._seen[key] = self._look(key, record, seen.refused if seen else ())
        return seen.shown

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all sites, as `get` returns them."""
        return iter([(key, self.get(key)) for key, _ in self._inner.items()])

    def take_refused(self) -> list[Refused]:
        """Return the changes that were found not to be authentic since the last call, each once."""
        found, self._refused = self._refused, []
        return found

    def _look(self, site_id: str, record: Record, known: tuple[Any, ...]) -> _Seen:
        wrong: list[Any] = []
        good: list[Any] = []
        for change in record["changes"]:
            reason = change_refused(self.trust, site_id, change)
            (wrong if reason else good).append(change)
            if reason and change not in known:
                self._refused.append(Refused(TOPIC, site_id, {"site_id": site_id, "changes": [change]}, reason))
                metrics.DEEDS_REFUSED.labels(self._component, reason).inc()
        return _Seen(record, self.trust.version, {**record, "changes": good} if wrong else record, tuple(wrong))


def change_refused(trust: Trust, site_id: str, change: Mapping[str, Any]) -> Unauthentic | None:
    """Return why a change of a site is not what the person said whom it names, or None; devices sign nothing."""
    if change.get("way") == "EVENT":
        return None
    deed, act = change.get("deed"), act_of(armed=change["armed"])
    refusal = trust.refusal(
        RECORD, _wanted(site_id, change), deed, act=act, name=change["by"], action=action_of(armed=change["armed"])
    )
    if refusal or deed is None:
        return refusal or "unsigned"
    return None if deed["at"] == change["at"] else "out_of_time"


def sign_arming(record: Record, key: PrivateKey, *, role: str, method: str, session_id: str = "") -> Record:
    """Return the record of a site with the deed of who made its last change.

    Args:
        record: As it is to be written.
        key: Of what recognised the person.
        role: In which it is done.
        method: How the person was recognised.
        session_id: In which session.
    """
    *before, change = record["changes"]
    deed = sign_deed(
        RECORD, _wanted(record["site_id"], change), key, act=act_of(armed=change["armed"]), name=change["by"],
        role=role, at=change["at"], method=method, session_id=session_id,
    )  # fmt: skip
    return {**record, "changes": [*before, {**change, "deed": deed}]}


def act_of(*, armed: bool) -> str:
    """Return what the deed of a change says."""
    return "arm" if armed else "disarm"


def action_of(*, armed: bool) -> str:
    """Return what policies call a change."""
    return f"site.{act_of(armed=armed)}"


def _wanted(site_id: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is signed: one change of one site, whatever else was said of it."""
    said = {name: value for name, value in change.items() if name != "deed"}
    return {"site_id": site_id, "changes": [said]}
