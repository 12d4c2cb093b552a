"""Each reason why a broker lets nobody in has its own sentence, soon; on real sockets, real TLS, a real broker."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from fairwatch.apps import kafka, kafka_reach
from fairwatch.apps.embedded import free_port
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RetryableError
from tests.kafka.secured import authority, issue

MEBIBYTE = 1 << 20
API_VERSIONS = (18).to_bytes(2)  # key of the request
CA = authority()
YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)


@pytest.fixture
def files(tmp_path):
    """Give a function that writes a certificate (and key) and returns its path."""

    def write(name, issued, *, key=False):
        path = tmp_path / f"{name}.pem"
        path.write_text(issued.certificate_pem + (issued.key_pem if key else ""))
        return path

    return write


@asynccontextmanager
async def listener(certificate=None):
    """Serve TLS (or nothing but TCP) and never say anything; give host:port."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    async def hold(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0, ssl=context) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def sentence(kind, **settings):
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        await kafka.reach(Settings(**settings))
    assert time.monotonic() - began < 5.5
    return str(caught.value)


@pytest.mark.broker
async def test_a_broker_that_lets_us_in(broker):
    await kafka.reach(Settings(kafka_bootstrap=f"127.0.0.1:{free_port()},{broker}"))
    kafka.require_broker(Settings(kafka_bootstrap=broker))


@pytest.mark.broker
async def test_a_broker_without_tls(broker):
    said = await sentence(ConfigurationError, kafka_bootstrap=broker, kafka_security="SSL")
    assert "does not speak TLS: set FAIRWATCH_KAFKA_SECURITY to PLAINTEXT" in said


async def test_a_name_that_does_not_resolve():
    said = await sentence(RetryableError, kafka_bootstrap="kafka.invalid:9092")
    assert "the name does not resolve: check FAIRWATCH_KAFKA_BOOTSTRAP" in said


async def test_nobody_listens():
    said = await sentence(RetryableError, kafka_bootstrap=f"127.0.0.1:{free_port()}")
    assert "refuses connections" in said
    assert "FAIRWATCH_KAFKA_BOOTSTRAP" in said


async def test_silence(monkeypatch):
    monkeypatch.setattr(kafka_reach, "WITHIN_S", 0.5)
    async with listener() as address:
        assert "says nothing within 0.5 s" in await sentence(RetryableError, kafka_bootstrap=address)


@asynccontextmanager
async def half_broker(broker, knocks, *, hangs_up):
    """Say to so many connections what a broker can do; another request ends them or gets no answer; give host:port."""
    host, _, port = broker.rpartition(":")
    left = iter(range(knocks))

    async def serve(reader, writer):
        if next(left, None) is None:
            writer.close()
            return
        there, back = await asyncio.open_connection(host, int(port))
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = await _frame(reader)
                if request[4:6] == API_VERSIONS:
                    back.write(request)
                    writer.write(await _frame(there))
                elif hangs_up:
                    break
        back.close()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _frame(reader):
    size = await reader.readexactly(4)
    if int.from_bytes(size) > MEBIBYTE:
        raise ConnectionAbortedError("TLS")  # as a broker does
    return size + await reader.readexactly(int.from_bytes(size))


@pytest.mark.broker
async def test_a_slow_broker_is_not_taken_for_one_that_wants_a_password(broker, monkeypatch):
    """Else whoever is started meanwhile ends with a sentence that is wrong, instead of waiting."""
    monkeypatch.setattr(kafka_reach, "WITHIN_S", 1.0)
    async with half_broker(broker, 9, hangs_up=False) as address:
        assert "says nothing within 1 s" in await sentence(RetryableError, kafka_bootstrap=address)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("knocks", "kind", "says"),
    [
        (9, ConfigurationError, "expects a user name and password: set FAIRWATCH_KAFKA_SECURITY to SASL_PLAINTEXT"),
        (2, RetryableError, "ended the connection"),
    ],
    ids=["wants a password", "went down meanwhile"],
)
async def test_who_hangs_up_each_time_wants_a_password(broker, knocks, kind, says):
    async with half_broker(broker, knocks, hangs_up=True) as address:
        assert says in await sentence(kind, kafka_bootstrap=address)


async def test_tls_is_expected(files):
    async with listener(files("server", issue(CA), key=True)) as address:
        said = await sentence(ConfigurationError, kafka_bootstrap=address)
    assert "expects TLS: set FAIRWATCH_KAFKA_SECURITY" in said


@pytest.mark.parametrize(
    ("certificate", "trusted", "host", "words"),
    [
        (issue(CA, YESTERDAY), CA, "127.0.0.1", "its certificate has expired: renew"),
        (issue(CA), authority(), "127.0.0.1", "its certificate is of an unknown CA ("),
        (issue(CA), None, "127.0.0.1", "FAIRWATCH_KAFKA_CA_FILE must hold the CA that issued it (it is not set"),
        (issue(CA), CA, "127.0.0.2", "for another host name (IP address mismatch"),
    ],
)
async def test_certificates_that_are_no_good(certificate, trusted, host, words, files):
    options = {"kafka_ca_file": files("ca", trusted)} if trusted else {}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files("server", certificate, key=True))
    async with await asyncio.start_server(lambda *_: None, host, 0, ssl=context) as server:
        address = f"{host}:{server.sockets[0].getsockname()[1]}"
        said = await sentence(ConfigurationError, kafka_bootstrap=address, kafka_security="SSL", **options)
    assert words in said.replace(str(options.get("kafka_ca_file")), "FILE")


@contextmanager
def strict_listener(certificate, clients):
    """Serve TLS to whom the authority knows; by blocking sockets, since asyncio's keep the alert to themselves."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(listening):
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                plain.settimeout(1)
                with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


async def test_client_certificates_that_are_missing_or_refused(files):
    server, ca = files("server", issue(CA), key=True), files("ca", CA)
    stranger = files("stranger", issue(authority()), key=True)
    with strict_listener(server, ca) as address:
        options = {"kafka_bootstrap": address, "kafka_security": "SSL", "kafka_ca_file": ca}
        missing = await sentence(ConfigurationError, **options)
        refused = await sentence(ConfigurationError, **options, kafka_cert_file=stranger)
    assert "requires a client certificate" in missing
    assert "set FAIRWATCH_KAFKA_CERT_FILE and FAIRWATCH_KAFKA_KEY_FILE" in missing
    assert "refuses our client certificate (" in refused
