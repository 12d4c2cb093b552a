"""Leaves a producer of aiokafka's, which writes nothing any more from then on.

`stop` writes what the producer holds. Where no broker takes that in time, aiokafka's sender goes on alone: it connects
again and writes as soon as it can, behind what a later producer wrote, although somebody was told that it failed.
"""

# ruff: noqa: SLF001  # `engine.private_names` lists what is used, and a test looks for it

import asyncio
from typing import Any, NoReturn

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaConnectionError, KafkaError

GRACE_S = 1.0
log = structlog.get_logger()


async def leave(producer: AIOKafkaProducer, within_s: float) -> None:
    """Stop a producer; what is not acknowledged within that time fails, and is not written later."""
    try:
        await asyncio.wait_for(producer.stop(), within_s)
    except (TimeoutError, KafkaError, IllegalOperation, OSError) as error:
        log.debug("producer.left", error=repr(error))
        await _silence(producer)


async def _silence(producer: AIOKafkaProducer) -> None:
    """End the sender with what it is doing, and whoever waits for it."""
    client, sender = producer.client, producer._sender
    client.send = _refuse  # a request that failed would be tried again, and connect for that
    work = None if sender is None else sender.sender_task
    if work is not None:
        work.cancel()  # it ends when its requests have
    await client.close()
    while work is not None and not work.done():
        await asyncio.wait([work], timeout=GRACE_S)
        work.cancel()  # the request that it waits for
    producer._message_accumulator.fail_all(_left())
    await client.close()  # what was connecting meanwhile


async def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise _left()


def _left() -> KafkaConnectionError:
    return KafkaConnectionError("the producer was left")
