"""The MQTT broker of a chaos run lets in whom it knows, and does not outlive the run."""

import socket
import subprocess
import sys
import time
from contextlib import closing

import aiomqtt
import pytest

from fairwatch.edges.mqtt.gateway import MqttAddress
from tests.chaos.doors import message_broker
from tests.support.mosquitto import MOSQUITTO

OUTLIVED = """
import sys, time
from pathlib import Path
from fairwatch.apps.embedded import free_port
from tests.support.mosquitto import mosquitto
with mosquitto(Path(sys.argv[1]), free_port()) as port:
    print(port, flush=True)
    time.sleep(60)
"""


async def test_only_known_users_get_in(tmp_path):
    async with message_broker(tmp_path) as broker:
        known = MqttAddress.parse(broker.url("recorder"))
        async with aiomqtt.Client(known.host, known.port, username=known.username, password=known.password):
            pass
        with pytest.raises(aiomqtt.MqttError):
            await aiomqtt.Client(known.host, known.port, username="recorder", password="guessed").__aenter__()


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_it_ends_with_a_run_that_is_killed(tmp_path):
    run = subprocess.Popen([sys.executable, "-c", OUTLIVED, tmp_path], stdout=subprocess.PIPE, text=True)
    with run:
        port = int(run.stdout.readline())
        assert listens(port)
        run.kill()
    until = time.monotonic() + 10
    while listens(port):
        assert time.monotonic() < until, "it is still there"
        time.sleep(0.01)


def listens(port):
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
