"""The secured broker itself: who gets in, and that it refuses what nobody allowed."""

from contextlib import closing

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from fairwatch.apps.kafka import client_options
from tests.kafka.secured import secured_fixture  # noqa: F401

pytestmark = pytest.mark.kafka


def test_the_administrator_makes_users_who_may_do_nothing_yet(secured):
    secured.add_user("notify")
    with closing(secured.admin()) as admin:
        admin.create_topics({"raw-events": {"num_partitions": 1, "replication_factor": 1}})
        assert "raw-events" in admin.list_topics()
    with closing(secured.admin("notify")) as stranger:
        assert "raw-events" not in stranger.list_topics()


async def test_a_wrong_password_gets_nobody_in(secured):
    right = client_options(secured.settings())
    for options in (right, {**right, "sasl_plain_password": "wrong"}):
        client = AIOKafkaAdminClient(bootstrap_servers=secured.address, **options)
        try:
            if options is right:
                await client.start()
            else:
                with pytest.raises(KafkaConnectionError):
                    await client.start()
        finally:
            await client.close()
