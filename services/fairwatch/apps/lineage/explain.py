"""Explains an alert to somebody, who is in the audit log before anything is shown."""

from collections.abc import Collection
from functools import partial
from typing import Any

from fairwatch.apps.authentic import known_trust
from fairwatch.apps.keys import signing_of
from fairwatch.apps.lineage.collect import Record, gather
from fairwatch.apps.lineage.places import placed, reader_at
from fairwatch.apps.lineage.steps import explained
from fairwatch.apps.lineage.window import Find, Finder
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import tell, told
from fairwatch.wire.signings import SIGNINGS


async def audit_look(settings: Settings, alert_id: str, actor: str, at: int) -> None:
    """Write into the audit that somebody looks at an alert with all that came of it.

    Raises:
        RetryableError: The broker does not acknowledge; then nothing may be shown.
    """
    await tell(settings, told("alert.explained", alert_id, actor=actor, at=at, details={"via": "cli"}))


def explain(settings: Settings, alert_id: str, now: int, closed: Collection[str] = ()) -> dict[str, Any]:
    """Return the chain of an alert; ConfigurationError where there is none of this id.

    Args:
        settings: Of the hub.
        alert_id: Its id.
        now: Microseconds UTC.
        closed: Topics that are not read here.
    """
    whole = partial(latest, settings)
    trust = known_trust(settings)

    def authentic(topic: str, record: Record) -> str:
        if topic in SIGNINGS:
            return signing_of(settings, topic).refusal(dict(record), trust) or "authentic"
        name, deed = str(record["reviewer"]), record.get("deed")
        refusal = trust.refusal("Verification", record, deed, act="verify", name=name, action="candidate.verify")
        return refusal or "authentic"

    finder = Finder(settings)
    found = gather(without(finder, closed), whole, alert_id)
    told = explained_here(explained(found, authentic, now), closed)
    places = placed(found, reader_at(settings), closed)
    return {**told, "chain": [*told["chain"], places, finder.writers.step()]}


def without(find: Find, closed: Collection[str]) -> Find:
    """Return what finds nothing on these topics, and does not read them."""

    def found(
        topic: str, ids: Collection[str], since: int | None = None, until: int | None = None
    ) -> list[dict[str, Any]]:
        return [] if topic in closed else find(topic, ids, since, until)

    return found


def explained_here(told: dict[str, Any], closed: Collection[str]) -> dict[str, Any]:
    """Return the chain with a word for what was not read, in the place of a reason why it is missing."""
    here = {"status": "not read here", "why": "`fairwatch explain` shows it to whoever may read the topic"}
    return {**told, "chain": [step | here if step["topic"] in closed else step for step in told["chain"]]}
