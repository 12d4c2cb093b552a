"""E-mail: one message for each delivery, all of one alert in a thread."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, ClassVar, Literal

import aiosmtplib
import structlog
from pydantic import Field, field_validator, model_validator

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.options import LOOPBACK, Pictures, SinkOptions, Surroundings, Timeout
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import headline, plain

Security = Literal["starttls", "tls", "none"]
PERMANENT = 500
AUTHENTICATION = frozenset({530, 534, 535, 538})
PICTURES, PICTURE_BYTES = 4, 2_000_000  # so many of at most so many bytes each: mail servers refuse large messages

_log = structlog.get_logger(__name__)


class EmailOptions(SinkOptions):
    """A mail server and who gets the message.

    `security` is STARTTLS unless it says otherwise: `tls` from the first byte, or `none`, on this machine only.
    """

    looked_up: ClassVar = ()
    may_be_looked_up: ClassVar = ("password",)

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = "starttls"
    username: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1, max_length=50)
    timeout: Timeout = timedelta(seconds=15)
    ca_file: Path | None = None
    pictures: bool = Field(default=False, description="pictures that the policy lets out; never of a match or a face")

    @field_validator("sender", "to")
    @classmethod
    def _are_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            name, domain = parseaddr(address)[1].rpartition("@")[::2]
            if not name or not domain or not address.isprintable():
                raise ValueError(f"{address!r} is no address such as guard@example.org")
        return value

    @model_validator(mode="after")
    def _can_be_reached(self) -> "EmailOptions":
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError("email.security may be none on this machine only: alerts are personal data")
        self._signs_in("email")
        return self

    def open(self, surroundings: Surroundings) -> "Email":
        """Return the sink."""
        if self.pictures and surroundings.pictures is None:
            raise ConfigurationError("email.pictures needs a media store")
        password = self.look_up("password", surroundings.environment)
        return Email(self, password, surroundings.clock, surroundings.pictures if self.pictures else None)


class Email:
    """Mailboxes that get a message for each revision.

    Args:
        options: Server, sender and recipients.
        password: Of the user name, if there is one.
        clock: For the date of a message.
        pictures: Gives the pictures that may go with an alert; None for none at all.
    """

    kind = "email"

    def __init__(self, options: EmailOptions, password: str, clock: Clock, pictures: Pictures | None = None) -> None:
        self._options, self._password, self._clock, self._pictures = options, password, clock, pictures
        self._domain = parseaddr(options.sender)[1].rpartition("@")[2]
        self._tls = None if options.security == "none" else ssl.create_default_context(cafile=options.ca_file)

    def __repr__(self) -> str:
        return f"Email({self._options.host}:{self._options.port})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Send one message; its Message-ID is the delivery's id in every attempt."""
        try:
            async with asyncio.timeout(self._options.timeout.total_seconds()):
                message = await self._message(delivery_id, alert)
                async with self._server() as server:
                    refused, _ = await server.send_message(message)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return Answer("timeout", retryable=True)
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            return classify(error)
        if refused:
            _log.warning("mail.some_refused", refused=len(refused), of=len(self._options.to), delivery=delivery_id)
        return Answer("ok", status=250)

    async def close(self) -> None:
        """Nothing is kept open: each message has a connection of its own."""

    def _server(self) -> aiosmtplib.SMTP:
        options = self._options
        return aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            username=options.username,
            password=self._password or None,
            timeout=options.timeout.total_seconds(),
            use_tls=options.security == "tls",
            start_tls=options.security == "starttls",
            tls_context=self._tls,
        )

    async def _message(self, delivery_id: str, alert: Mapping[str, Any]) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._options.sender, ", ".join(self._options.to)
        message["Subject"] = headline(alert)
        message["Date"] = format_datetime(datetime.fromtimestamp(self._clock.now() // 1_000_000, tz=UTC))
        message["Message-ID"] = f"<{delivery_id}@{self._domain}>"
        # What holds the thread together is an id that no message has: whichever revision comes first, all others join.
        message["In-Reply-To"] = message["References"] = f"<alert-{alert['alert_id']}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers
        message["X-Fairwatch-Alert"], message["X-Fairwatch-State"] = str(alert["alert_id"]), str(alert.get("state"))
        message.set_content(plain(alert, delivery_id))
        for data, mime in (await self._pictures(alert))[:PICTURES] if self._pictures else ():
            if len(data) <= PICTURE_BYTES and mime.startswith("image/"):
                message.add_attachment(data, maintype="image", subtype=mime[6:], disposition="inline")
        return message


def classify(error: Exception) -> Answer:
    """Return what a failure means: a full mailbox or a busy server may take it later, an unknown recipient will not."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return _of_code(error.code)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError) or "TLS" in str(error):
        return Answer("tls_error", retryable=True)  # a server that offers no STARTTLS is told nothing
    return Answer("client_error") if isinstance(error, ValueError) else Answer("unreachable", retryable=True)


def _of_code(code: int) -> Answer:
    if code in AUTHENTICATION:
        return Answer("auth_error", retryable=True, status=code)
    if code >= PERMANENT:
        return Answer("client_error", status=code)
    return Answer("server_error", retryable=True, status=code)
