"""Where a hub stands that does not come to an end: what each group has not handled, and which transactions are open."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError
from kafka.protocol.consumer.offsets import IsolationLevel

from fairwatch.apps.settings import Settings

OVER = ("Empty", "CompleteCommit", "CompleteAbort", "Dead")
Places = dict[TopicPartition, int]


def waiting(settings: Settings, processes: Iterable[str]) -> list[str]:
    """Return a line for each partition that a group is behind in, and for each transaction that is open.

    Args:
        settings: Past the proxy.
        processes: Names of what runs, `normalize+enrich`.
    """
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)) as admin:
        groups = [f"{settings.topic_prefix}fairwatch-{name}" for name in processes]
        questions = [(group, partial(_behind, admin, group)) for group in groups]
        return [
            line for about, ask in [*questions, ("transactions", partial(_open, admin))] for line in _told(about, ask)
        ]


def _told(about: str, ask: Callable[[], Iterator[str]]) -> list[str]:
    """Return the lines of an answer; where a broker has none, that."""
    try:
        return list(ask())
    except KafkaError as error:
        return [f"{about}: unknown: {error!r}"]


def _behind(admin: Any, group: str) -> Iterator[str]:
    committed: Places = {tp: row.offset for tp, row in admin.list_group_offsets({group: None})[group].items()}
    ends = _ends(admin, committed, IsolationLevel.READ_UNCOMMITTED)
    stable = _ends(admin, committed, IsolationLevel.READ_COMMITTED)
    for tp, offset in sorted(committed.items()):
        if offset < ends[tp]:
            yield (
                f"{group}: {tp.topic}-{tp.partition} committed {offset}, can be read up to {stable[tp]},"
                f" ends at {ends[tp]}{_writers(admin, tp) if stable[tp] < ends[tp] else ''}"
            )


def _ends(admin: Any, places: Iterable[TopicPartition], isolation: IsolationLevel) -> Places:
    wanted = dict.fromkeys(places, OffsetSpec.LATEST)
    return {tp: row.offset for tp, row in admin.list_partition_offsets(wanted, isolation).items()} if wanted else {}


def _writers(admin: Any, tp: TopicPartition) -> str:
    """Return who keeps a partition from being read on: producers, and where what they have not committed begins."""
    writers = admin.describe_producers([tp])[tp].active_producers
    still = [each for each in writers if each.current_transaction_start_offset >= 0]
    return "".join(
        f"; producer {each.producer_id} epoch {each.producer_epoch} since {each.current_transaction_start_offset}"
        for each in still
    )


def _open(admin: Any) -> Iterator[str]:
    for listed in (each for of_broker in admin.list_transactions().values() for each in of_broker):
        if listed.state.value not in OVER:
            said = admin.describe_transactions([listed.transactional_id])[listed.transactional_id]
            parts = ", ".join(sorted(f"{tp.topic}-{tp.partition}" for tp in said.topic_partitions))
            yield (
                f"transaction {listed.transactional_id} (producer {said.producer_id} epoch {said.producer_epoch}) is"
                f" {said.state.value} since {said.transaction_start_time_ms} in {parts}"
            )
