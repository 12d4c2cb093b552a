"""Asks a broker whether it lets us in, and says within seconds, in one sentence, why it does not.

The clients report a wrong password, a foreign certificate and a broker that is away alike, and after half a minute.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from socket import gaierror
from typing import Any

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    IncompatibleBrokerVersion,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from fairwatch.apps.kafka_options import client_options
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, FairwatchError, RetryableError

WITHIN_S = 5.0
OLDEST = "3.0"
_OLDEST_API, _OLDEST_VERSION = 2, 7  # ListOffsets 7 came with it
_BOOTSTRAP, _SECURITY = "FAIRWATCH_KAFKA_BOOTSTRAP", "FAIRWATCH_KAFKA_SECURITY"
_EXPIRED, _NOT_YET, _OTHER_NAMES = 10, 9, {62, 64}  # OpenSSL's X509_V_ERR_*


async def reach(settings: Settings) -> None:
    """Return when one of the brokers lets us in; takes 5 s at most.

    Raises:
        RetryableError: None does, and waiting may help.
        ConfigurationError: None does before somebody changes something, which it names.
    """
    options = client_options(settings)
    knocks = [asyncio.create_task(_Knock(settings, options, *at).run()) for at in addresses(settings)]
    failures: list[FairwatchError] = []
    try:
        for knock in asyncio.as_completed(knocks):
            try:
                return await knock
            except FairwatchError as error:
                failures.append(error)
    finally:
        for task in knocks:
            task.cancel()
        await asyncio.gather(*knocks, return_exceptions=True)
    raise next((error for error in failures if isinstance(error, ConfigurationError)), failures[0])


def addresses(settings: Settings) -> list[tuple[str, int]]:
    """Return host and port of each broker; ConfigurationError for what is none."""
    found = []
    for address in settings.kafka_bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(f"{_BOOTSTRAP}: {address!r} is not host:port")
        found.append((host.strip("[]"), int(port)))
    return found


class _Knock:
    """One attempt at one broker, step by step: TCP, TLS, SASL, version."""

    def __init__(self, settings: Settings, options: dict[str, Any], host: str, port: int) -> None:
        self._settings, self._options = settings, options
        self._at = (host, port)
        self._who = f"Kafka at {host}:{port}"
        self._answers = False

    async def run(self) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                try:
                    async with asyncio.timeout(WITHIN_S / 2):  # the rest is for finding out why
                        await self._enter()
                except (OSError, KafkaError, ValueError, AssertionError) as error:
                    raise await self._explained(error) from error
        except TimeoutError as error:
            what = "accepts connections but says nothing" if self._answers else "does not answer"
            raise RetryableError(
                f"{self._who} {what} within {WITHIN_S:g} s: is it up, does a firewall or NetworkPolicy let us "
                f"through, is {_BOOTSTRAP} right?"
            ) from error

    async def _enter(self) -> None:
        _, writer = await asyncio.open_connection(*self._at)
        await _left(writer)
        self._answers = True
        connection = await create_conn(*self._at, client_id="fairwatch-reach", **self._options)
        try:
            if connection._versions.get(_OLDEST_API, (0, 0))[1] < _OLDEST_VERSION:  # noqa: SLF001  # nobody else asks
                raise IncompatibleBrokerVersion
            await connection.send(MetadataRequest([]))  # one that wants a password hangs up at the first real request
        finally:
            await _closed(connection)

    async def _explained(self, error: Exception) -> FairwatchError:
        """Return the error that says what to do; a silence that nothing explains stays a TimeoutError."""
        if isinstance(error, TimeoutError) and not self._answers:
            raise error
        if isinstance(error, gaierror):
            return RetryableError(f"{self._who}: the name does not resolve: check {_BOOTSTRAP}")
        if isinstance(error, ConnectionRefusedError):
            return RetryableError(f"{self._who} refuses connections: nothing listens there: check {_BOOTSTRAP}")
        if isinstance(error, IncompatibleBrokerVersion | AssertionError):
            return ConfigurationError(
                f"{self._who} is older than Kafka {OLDEST}: upgrade it, or name another in {_BOOTSTRAP}"
            )
        tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
        if isinstance(tls, ssl.SSLCertVerificationError):
            return self._certificate(tls)
        if tls is not None and "ALERT" in (tls.reason or "") and self._settings.kafka_security.endswith("SSL"):
            return self._alert(tls)
        return self._password(error) or await self._other_language(error)

    def _certificate(self, error: ssl.SSLCertVerificationError) -> ConfigurationError:
        if error.verify_code == _EXPIRED:
            return ConfigurationError(
                f"{self._who}: its certificate has expired: renew the broker's certificate (or its CA's), "
                "and check this machine's clock"
            )
        if error.verify_code == _NOT_YET:
            return ConfigurationError(f"{self._who}: its certificate is not valid yet: check both machines' clocks")
        if error.verify_code in _OTHER_NAMES:
            return ConfigurationError(
                f"{self._who}: its certificate is for another host name ({error.verify_message}): "
                f"use a name of the certificate in {_BOOTSTRAP}"
            )
        given = self._settings.kafka_ca_file or "it is not set, so the system's authorities count"
        return ConfigurationError(
            f"{self._who}: its certificate is of an unknown CA ({error.verify_message}): "
            f"FAIRWATCH_KAFKA_CA_FILE must hold the CA that issued it ({given})"
        )

    def _alert(self, error: ssl.SSLError) -> ConfigurationError:
        reason = (error.reason or "").partition("ALERT_")[2].lower().replace("_", " ")
        if reason in {"protocol version", "handshake failure", "insufficient security"}:
            return ConfigurationError(f"{self._who}: no TLS version or cipher in common: allow TLS 1.2 or 1.3 there")
        if self._settings.kafka_cert_file is None:
            return ConfigurationError(
                f"{self._who} requires a client certificate ({reason}): "
                "set FAIRWATCH_KAFKA_CERT_FILE and FAIRWATCH_KAFKA_KEY_FILE"
            )
        return ConfigurationError(
            f"{self._who} refuses our client certificate ({reason}): FAIRWATCH_KAFKA_CERT_FILE must be in force and "
            "issued by a CA that the broker trusts"
        )

    def _password(self, error: Exception) -> ConfigurationError | None:
        mechanism = self._settings.kafka_sasl_mechanism
        if isinstance(error, UnsupportedSaslMechanismError):
            return ConfigurationError(f"{self._who} does not offer {mechanism}: change FAIRWATCH_KAFKA_SASL_MECHANISM")
        if isinstance(error, IllegalSaslStateError):
            wanted = self._settings.kafka_security.removeprefix("SASL_")
            return ConfigurationError(f"{self._who} asks for no password on this port: set {_SECURITY} to {wanted}")
        if isinstance(error, SaslAuthenticationFailed):
            return ConfigurationError(
                f"{self._who} refuses user {self._settings.kafka_username!r} with {mechanism}: wrong user name or "
                "password: check FAIRWATCH_KAFKA_USERNAME and FAIRWATCH_KAFKA_PASSWORD"
            )
        return None

    async def _other_language(self, error: Exception) -> FairwatchError:
        """Find out whether it speaks what we did not: TLS or not, a password or not."""
        security = self._settings.kafka_security
        if security.endswith("SSL"):
            if await self._speaks({}):
                return ConfigurationError(
                    f"{self._who} does not speak TLS: set {_SECURITY} to {security.replace('SSL', 'PLAINTEXT')}, "
                    f"or name its TLS port in {_BOOTSTRAP}"
                )
            alert = await asyncio.to_thread(self._parting_alert)
            if alert is not None and "ALERT" in (alert.reason or ""):
                return self._alert(alert)
        elif await self._speaks_tls():
            return ConfigurationError(f"{self._who} expects TLS: set {_SECURITY} to SASL_SSL or SSL")
        if isinstance(error, TimeoutError):  # a broker that wants a password does not keep anybody waiting
            raise error
        if not security.startswith("SASL") and await self._hangs_up():
            return ConfigurationError(
                f"{self._who} expects a user name and password: set {_SECURITY} to SASL_{security}, "
                "FAIRWATCH_KAFKA_USERNAME and FAIRWATCH_KAFKA_PASSWORD"
            )
        return RetryableError(f"{self._who} ended the connection ({error!r}): see its log; {_SECURITY} is {security}")

    async def _speaks(self, options: dict[str, Any]) -> bool:
        try:
            await _closed(await create_conn(*self._at, client_id="fairwatch-reach", **options))
        except (OSError, KafkaError, ValueError, AssertionError):
            return False
        return True

    async def _hangs_up(self) -> bool:
        """Tell whether it says again what it can do, and again ends the connection at the first real request.

        One that was going down at the first knock does not answer the second.
        """
        try:
            connection = await create_conn(*self._at, client_id="fairwatch-reach", **self._options)
        except (OSError, KafkaError, ValueError, AssertionError):
            return False
        try:
            await connection.send(MetadataRequest([]))
        except (OSError, KafkaError) as error:
            return not isinstance(error, TimeoutError)
        finally:
            await _closed(connection)
        return False

    def _parting_alert(self) -> ssl.SSLError | None:
        """Return what a broker says that hangs up after the handshake (TLS 1.3); asyncio keeps it to itself."""
        context: ssl.SSLContext = self._options["ssl_context"]
        try:
            with (
                socket.create_connection(self._at, 1.0) as plain,
                context.wrap_socket(plain, server_hostname=self._at[0]) as secure,
            ):
                secure.recv(1)
        except ssl.SSLError as error:
            return error
        except OSError:
            return None
        return None

    async def _speaks_tls(self) -> bool:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only whether; nothing is said to it
        try:
            _, writer = await asyncio.open_connection(*self._at, ssl=context)
        except ssl.SSLError as error:
            return "ALERT" in (error.reason or "")
        except OSError:
            return False
        await _left(writer)
        return True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


async def _left(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), 1.0)


async def _closed(connection: AIOKafkaConnection) -> None:
    ended = connection.close()
    if ended is not None:
        with suppress(KafkaError, OSError):
            await asyncio.wait_for(ended, 1.0)
