"""What waits for a second person, from the topics as they stand: for the console's page."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final

from fairwatch.apps import entry_lists
from fairwatch.apps.access import waiting_policies
from fairwatch.apps.kafka import client_options, codec
from fairwatch.apps.keys import anchors, ended_keys, must_be_signed, signing_of
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import judge_here
from fairwatch.console.waiting import Kind, Waits
from fairwatch.domain.ports import Reference
from fairwatch.engine.reference import TopicReference
from fairwatch.wire.deeds import content, signed_bytes
from fairwatch.wire.signings import Signing, awaits_second
from fairwatch.wire.topics import topics
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TrustHeads

AUTHORISATIONS: Final = "authorisations"
ENTRIES: Final = "watchlist-entries"
ORDERS: Final = "export-orders"
SINGLE: Final[Mapping[str, tuple[Kind, str]]] = {
    AUTHORISATIONS: ("authorisation", "authorisation_id"), ORDERS: ("export", "order_id")
}  # fmt: skip
READ: Final = (AUTHORISATIONS, ENTRIES, ORDERS, "people", "signing-keys", "trust-heads")
KEPT: Final = 20_000  # entries that wait: a longer list is for the command line, and not for the console's memory
CHECKED: Final = 2_000  # entries whose signatures are checked when a list is shown; of longer ones when it is decided


class WaitingEntries(TopicReference):
    """The entries that one person enrolled and nobody agreed to yet; of all others nothing is kept."""

    def _put(self, table: Any, record: Any) -> bool:
        changed = super()._put(table, record)
        key = (record.key or b"").decode(errors="replace")
        entry = table.entries.get(key)
        if entry is not None and (not awaits_second(entry) or len(table.entries) > KEPT):
            table.forget(key)
        return changed


class WaitingRoom:
    """Follows what people ask for, from the first question on: a site where nobody agrees here reads no topic.

    Args:
        settings: Of the deployment.
        component: Whose name is on the metrics.
    """

    def __init__(self, settings: Settings, component: str) -> None:
        self._settings = settings
        self._wanted = asyncio.Event()
        decode = codec(settings)
        self._topics = {
            topic: (WaitingEntries if topic == ENTRIES else TopicReference)(
                component, topic, topics()[topic].record, decode
            )
            for topic in READ
        }
        self.rows = Rows(settings, self._topics)

    def waits(self) -> Sequence[Waits] | None:
        """Return what waits; None while its topics are still being read for the first time."""
        self._wanted.set()
        if not all(one.complete.is_set() for one in self._topics.values()):
            return None
        return self.rows.found()

    def following(self) -> Coroutine[Any, Any, None]:
        """Return what keeps the topics up to date once somebody asks."""
        return self._follow()

    async def _follow(self) -> None:
        await self._wanted.wait()
        options, settings = client_options(self._settings), self._settings
        async with asyncio.TaskGroup() as group:
            for one in self._topics.values():
                group.create_task(one.run(settings.kafka_bootstrap, options, settings.topic_prefix))


class Rows:
    """What waits, worked out anew when a topic has changed.

    Args:
        settings: Say what has to be signed.
        known: The topics of `READ`, by name.
    """

    def __init__(self, settings: Settings, known: Mapping[str, Reference]) -> None:
        self._settings = settings
        self._known = known
        self._must = must_be_signed(settings)
        heads = TrustHeads(known["trust-heads"])
        keys, ended = anchors(settings), ended_keys(settings)
        self._trust = Trust(known["people"], known["signing-keys"], keys, ended, heads, judge_here(settings))
        self._version: list[int] = []
        self._found: list[Waits] = []

    def found(self) -> list[Waits]:
        """Return everything that waits."""
        version = [self._known[topic].version for topic in READ]
        if version != self._version:
            self._found = [*self._single(AUTHORISATIONS), *self._lists(), *self._single(ORDERS)]
            self._version = version
        return [*self._found, *_policies(self._settings)]

    def _single(self, topic: str) -> Iterable[Waits]:
        (kind, name), signing = SINGLE[topic], signing_of(self._settings, topic)
        for key, record in self._known[topic].items():
            if record.get("state", "REQUESTED") != "REQUESTED":
                continue
            wanted = signing.wanted(record)
            yield Waits(
                kind, key, sha256(signed_bytes("waiting", signing.record_type, wanted, {})).hexdigest(),
                record["requested_by"], record["updated_at"], content(signing.record_type, wanted), [record],
                authorisation_id=record[name] if topic == AUTHORISATIONS else None, until=record["valid_until"],
                refused=self._refused(topic, signing, record),
            )  # fmt: skip

    def _lists(self) -> Iterable[Waits]:
        signing = signing_of(self._settings, ENTRIES)
        if ENTRIES not in self._must or signing.awaits is None:
            return
        known = dict(self._known[ENTRIES].items())
        for one in entry_lists.waiting(known):
            entries = list(one.entries.values())
            check = partial(_of_entries, signing, self._trust, entries)
            yield Waits(
                "entries", sha256(f"{one.authorisation_id}\0{one.author}".encode()).hexdigest()[:32], one.digest,
                one.author, max(entry["updated_at"] for entry in entries), _of_list(signing, entries), entries,
                authorisation_id=one.authorisation_id,
                refused="" if len(entries) > CHECKED else check(), check=check if len(entries) > CHECKED else None,
                is_too_long=len(known) >= KEPT,
            )  # fmt: skip

    def _refused(self, topic: str, signing: Signing, record: Mapping[str, Any]) -> str:
        """Return why nobody can say that it is wanted by whom it names; empty where they can, or nobody demands it."""
        return (signing.end_refused(record, self._trust) or "") if topic in self._must else ""


def _of_entries(signing: Signing, trust: Trust, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return why one of these entries is not authentic; empty: all are, and wait for a second person."""
    refusals = (signing.refusal(entry, trust) for entry in entries)
    return next((why for why in refusals if why not in {None, "one_person"}), None) or ""


def _of_list(signing: Signing, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "entries": len(entries),
        "changed": sum(signing.replaces(entry) for entry in entries),
        "kinds": sorted({entry["kind"] for entry in entries}),
        "valid_until": max((entry.get("valid_until") or 0 for entry in entries), default=0),
    }


def _policies(settings: Settings) -> Iterable[Waits]:
    proposal = waiting_policies(settings)
    if proposal is None:
        return
    facts = {"adds": proposal.adds, "signed_by": proposal.signers, "signatures_needed": proposal.needed}
    yield Waits("policy", proposal.version, proposal.version, "", proposal.since, facts)
