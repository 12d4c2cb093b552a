"""Every private name of Faust, mode and aiokafka that the engine uses; nobody else in it touches one.

A release may take any of them away without a word. So both libraries are pinned to a minor version, `names` lists what
is used of which class, a test looks for each by name, and what a name is good for stands here once.
"""

# ruff: noqa: SLF001  # that is what this file is for

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, client
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.sender import EndTxnHandler, Sender, SendProduceReqHandler, TxnOffsetCommitHandler
from aiokafka.producer.transaction_manager import PidAndEpoch, TransactionManager


def names() -> Mapping[type, str]:
    """Return by class the attributes that are read or set, and methods that a class of ours calls or overrides."""
    # Gateways and the console share what is below, and do without Faust: 5 MB of each.
    import faust  # noqa: PLC0415
    from faust.tables.manager import TableManager  # noqa: PLC0415
    from faust.transport.drivers import aiokafka as driver  # noqa: PLC0415

    return {
        faust.App: "_crashed _init_fixups _new_transport _on_agent_error",
        TableManager: "_update_channels",
        driver.Consumer: (
            "_add_gap _commit_offsets _committed_offset _filter_tps_with_pending_acks _new_consumer_thread _new_offset"
            " _read_offset _should_commit _unacked_messages _wait_next_records _waiting_for_ack _thread"
        ),
        driver.AIOKafkaConsumerThread: (
            "_assignor _commit _consumer _create_worker_consumer _ensure_consumer _fetch_records"
        ),
        AIOKafkaConsumer: "_client _coordinator _fetcher _subscription",
        AIOKafkaConnection: "_writer",
        GroupCoordinator: "_group_instance_id",
        Fetcher: "_closed _fetch_max_wait_ms _isolation_level _records _subscriptions",
        FetchResult: "_partition_records",
        PartitionRecords: (
            "_aborted_producers _aborted_transactions _check_crcs _consume_aborted_up_to _contains_abort_marker"
            " _isolation_level _tp _unpack_records"
        ),
        AIOKafkaProducer: "_message_accumulator _sender _txn_manager",
        Sender: (
            "_acks _coordinator_dead _do_add_offsets_to_txn _do_txn_commit _do_txn_offset_commit _find_coordinator"
            " _in_flight _maybe_do_transactional_request _muted_partitions _request_timeout_ms _retry_backoff"
            " _send_produce_req _txn_manager"
        ),
        SendProduceReqHandler: "_batches _can_retry _sender",
        EndTxnHandler: "_commit_result _sender",
        TransactionManager: "_pid_and_epoch _sequence_numbers",
        TxnOffsetCommitHandler: "_default_backoff _group_id _offsets _sender",
    }


def crashed(app: Any) -> Any:
    """Return the event that Faust sets when it gives up; it tells nobody else."""
    return app._crashed


def client_of(consumer: Any) -> Any:
    """Return what holds the connections of a consumer."""
    return consumer._client


def coordinator_of(consumer: Any) -> Any:
    """Return what keeps a consumer in its group."""
    return consumer._coordinator


def instance_of(coordinator: Any) -> str | None:
    """Return the name by which the group knows a static member."""
    name: str | None = coordinator._group_instance_id
    return name


def subscription_of(consumer: Any) -> Any:
    """Return what a consumer reads, and its positions."""
    return consumer._subscription.subscription


def fetcher_of(consumer: Any) -> Any:
    """Return what fetches records ahead for a consumer."""
    return consumer._fetcher


def buffer_of(fetcher: Any) -> Any:
    """Return what was fetched and not taken yet, by partition."""
    return fetcher._records


def set_buffer(fetcher: Any, buffer: Any) -> None:
    """Let it put what it fetches there."""
    fetcher._records = buffer


def may_take(fetcher: Any) -> bool:
    """Return whether what was fetched still belongs to us."""
    return not fetcher._closed and not fetcher._subscriptions.reassignment_in_progress


def set_fetch_wait(fetcher: Any, wait_ms: int) -> None:
    """Set how long a broker may wait for records before it answers the next fetch."""
    fetcher._fetch_max_wait_ms = wait_ms


def set_isolation(fetcher: Any, level: int) -> None:
    """Set which records it asks for."""
    fetcher._isolation_level = level


def records_of(result: Any) -> Any:
    """Return the records of a fetch."""
    return result._partition_records


def set_records(result: Any, records: Any) -> None:
    """Put others in their place."""
    result._partition_records = records


def how_fetched(records: Any) -> tuple[Any, Any, bool, int]:
    """Return the partition of fetched records, transactions aborted in it, whether to check sums, and the isolation."""
    return records._tp, records._aborted_transactions, records._check_crcs, records._isolation_level


def options_of(sender: Any) -> dict[str, Any]:
    """Return what a sender was made with, for another one in its place."""
    return {
        "acks": sender._acks,
        "retry_backoff_ms": round(sender._retry_backoff * 1000),
        "request_timeout_ms": sender._request_timeout_ms,
    }


def transaction_of(sender: Any) -> Any:
    """Return what knows the state of a producer's transaction."""
    return sender._txn_manager


def go_on_as(manager: Any, pid: int, epoch: int) -> None:
    """Let a producer go on under another epoch, in which records are counted from 0 again."""
    manager._pid_and_epoch = PidAndEpoch(pid, epoch)
    manager._sequence_numbers.clear()


def is_sent(sender: Any, node: int, partitions: Any) -> None:
    """Let a sender send to that broker and these partitions again."""
    sender._in_flight.remove(node)
    sender._muted_partitions.difference_update(partitions)


def forget_coordinator(sender: Any, kind: Any) -> None:
    """Let a sender look for its coordinator anew."""
    sender._coordinator_dead(kind)


def connector() -> Any:
    """Return what makes the connections of aiokafka's clients."""
    return client.create_conn


def set_connector(function: Any) -> None:
    """Let all of aiokafka's clients in this process connect with that.

    For the whole process: the clients take the function from their module and from nowhere else, consumers, producers
    and admin clients make their client themselves, and pauses are to be shared by all of them anyway.
    """
    client.create_conn = function


def guard_writer(connection: AIOKafkaConnection, guard: Callable[[Any], Any]) -> None:
    """Let a connection send by way of `guard`, which is given what it sent by before."""
    connection._writer = guard(connection._writer)
