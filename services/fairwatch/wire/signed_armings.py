"""Which sites are armed, where only what people signed counts; what devices of a site say, `route` writes for them.

A record holds several changes of several people, so that each change has a deed of its own. A change that is not
authentic is left out: the site is armed or not as if nobody had said it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fairwatch.domain.ports import Reference
from fairwatch.policy.arming import KEPT, TOPIC
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.signed_view import SignedView
from fairwatch.wire.trust import Trust, Unauthentic
from fairwatch.wire.trust_heads import TrustHeads

RECORD: Final = "SiteArming"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Seen:
    record: Any
    trusted: int
    head: int
    shown: Any
    refused: tuple[Any, ...]


class SignedArmings(SignedView):
    """The Reference port over `site-armings`: records without those changes of people that they did not sign.

    Whoever writes an older genuine record over a newer one takes nothing back: what was genuine stays known here. A
    process that began since knows by `trust-heads` that there was a newer one, and then nobody's word counts, so that
    the site is armed unless its schedule or a device says otherwise.

    Args:
        component: Who asks, for the metric.
        inner: The topic as it is.
        trust: People and keys.
        heads: How new the newest word of a person was, also before this process began.
        remembers: Keep what `take_heads` gives; for the one who writes heads.
    """

    def __init__(
        self,
        component: str,
        inner: Reference,
        trust: Trust,
        *,
        heads: TrustHeads | None = None,
        remembers: bool = False,
    ) -> None:
        super().__init__(component, TOPIC, inner, trust, heads=heads, remembers=remembers)
        self._seen: dict[str, _Seen] = {}
        self._said: dict[str, tuple[Any, ...]] = {}

    def get(self, key: str) -> Any | None:
        """Return what is authentic of what was said of a site, or None."""
        record, seen, head = self._inner.get(key), self._seen.get(key), self._heads.of(TOPIC, key)
        if record is None:
            return None
        now = (self.trust.version, head)
        if seen is None or seen.record is not record or (seen.trusted, seen.head) != now:
            seen = self._seen[key] = self._look(key, record, head, seen)
        return seen.shown

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all sites, as `get` returns them."""
        return iter([(key, self.get(key)) for key, _ in self._inner.items()])

    def _look(self, key: str, record: Record, head: int, seen: _Seen | None) -> _Seen:
        wrong: list[tuple[Any, Unauthentic]] = []
        said: list[Any] = []
        others: list[Any] = []
        for change in record["changes"]:
            if change.get("way") == "EVENT":
                others.append(change)
            elif reason := change_refused(self.trust, key, change):
                wrong.append((change, reason))
            else:
                said.append(change)
        known = self._said.get(key, ())
        people = self._said[key] = self._people(key, said)
        newest = _newest(people)
        if newest < head and not (
            seen and seen.record is record and newest >= seen.head
        ):  # else the newer one is on its way
            wrong += [(change, "replayed") for change in said]
            people = ()
        elif said and _newest(said) < newest and all(change in known for change in said):
            wrong.append((said[-1], "replayed"))
        elif said and self._marked is not None:
            self._marked[key] = newest
        for change, reason in wrong:
            if seen is None or change not in seen.refused:
                self._refuse(key, {"site_id": key, "changes": [change]}, reason)
        changes = sorted([*others, *people], key=lambda change: int(change["at"]))[-KEPT:]
        shown = record if changes == record["changes"] else {**record, "changes": changes}
        return _Seen(record, self.trust.version, head, shown, tuple(change for change, _ in wrong))

    def _people(self, key: str, said: Sequence[Any]) -> tuple[Any, ...]:
        """Return what people said of a site, here and in earlier versions that are genuine still; the newest last."""
        before = (one for one in self._said.get(key, ()) if not change_refused(self.trust, key, one))
        every = {(change["at"], change["by"]): change for change in (*before, *said)}
        return tuple(change for _, change in sorted(every.items()))[-KEPT:]


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


def _newest(changes: Sequence[Any]) -> int:
    return max((int(change["at"]) for change in changes), default=0)


def _wanted(site_id: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is signed: one change of one site, whatever else was said of it."""
    said = {name: value for name, value in change.items() if name != "deed"}
    return {"site_id": site_id, "changes": [said]}
