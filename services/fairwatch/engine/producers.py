"""What both writers do with a producer of aiokafka's that they give up."""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError

log = structlog.get_logger()


async def leave(producer: AIOKafkaProducer, within_s: float) -> None:
    """Stop a producer; what is not acknowledged within that time is not waited for."""
    try:
        await asyncio.wait_for(producer.stop(), within_s)
    except (TimeoutError, KafkaError, IllegalOperation) as error:
        log.debug("producer.left", error=repr(error))
        await producer.client.close()
