"""One connection of a device: what it writes badly is mended where that is safe, and never repeated to anybody.

A request may carry a credential in its first line (`api_key_in_path`) or in a header, and a request that cannot be
parsed is where a server is most inclined to print it. So what a parser complains of is neither logged nor answered.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web

LONGEST_LINE: Final = 8190  # the parser refuses more
# Words and blanks of a request line; RFC 9112 section 3 lets a recipient part the words at any white space.
_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+(\S+)[ \t]+(HTTP/\d\.\d)[ \t]*\r?\n")

_log = structlog.get_logger(__name__)


def mended_line(line: bytes) -> bytes:
    r"""Return a request line, newline included, with one blank between its words; any other line as it is.

    >>> mended_line(b"POST /in HTTP/1.1 \r\n")
    b'POST /in HTTP/1.1\r\n'
    >>> mended_line(b"not HTTP\r\n")
    b'not HTTP\r\n'
    """
    words = _LINE.fullmatch(line)
    return b" ".join(words.groups()) + b"\r\n" if words else line


class MendingParser:
    """Stands before aiohttp's parser and mends the first line of each request that begins a segment.

    Args:
        parser: What parses.
        connection: Whose requests they are; it is told of each line whether it had to be mended.
    """

    def __init__(self, parser: Any, connection: "DeviceConnection") -> None:
        self._parser, self._connection = parser, connection
        self._begun = b""  # of a request line that has not ended yet
        self._in_head = False
        self._payload: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> tuple[Sequence[Any], bool, bytes]:
        """Return the messages that are complete, whether the protocol was upgraded, and what was left over."""
        if data and self._awaits_line():
            data = self._begun + data
            end = data.find(b"\n", len(data) - len(data.lstrip(b"\r\n"))) + 1
            if not end and len(data) <= LONGEST_LINE:
                self._begun = data
                return (), False, b""
            self._begun, self._in_head = b"", True
            line = data[:end].lstrip(b"\r\n")
            mended = mended_line(line)
            self._connection.mended = mended != line
            data = mended + data[end:]
        messages, upgraded, tail = self._parser.feed_data(data)
        if messages:
            self._payload, self._in_head = messages[-1][1], False
        return messages, upgraded, tail

    def _awaits_line(self) -> bool:
        if self._in_head or self._connection.has_waiting:
            return False
        return self._payload is None or self._payload.is_eof()


class DeviceConnection(web.RequestHandler):
    """A connection that mends request lines, and repeats nothing of a request that it cannot read.

    Attributes:
        mended: The first line of the latest request was not as HTTP wants it: its sender wrote its HTTP itself.
        proved: Ids of GA/T 1400 whose password was shown over this connection.
    """

    __slots__ = ("__dict__",)

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self.mended = False
        self.proved: set[str] = set()
        self._parser: Any = MendingParser(self._parser, self)

    @property
    def has_waiting(self) -> bool:
        """Return whether requests have come that are not begun yet."""
        return bool(self._messages)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # holds what was sent
    ) -> web.StreamResponse:
        """Answer the status alone, and log of the error its kind alone."""
        _log.info("request cannot be read", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has already begun")
        response = web.Response(status=status, text=HTTPStatus(status).phrase)
        response.force_close()
        return response

    def log_exception(self, *_: Any, **known: Any) -> None:
        """Log the kind of an error of the connection."""
        _log.warning("connection failed", error=type(known.get("exc_info")).__name__)


def proved_on(request: web.BaseRequest) -> set[str]:
    """Return the ids whose password was shown over the connection of a request."""
    connection = request.protocol
    return connection.proved if isinstance(connection, DeviceConnection) else set()


class DeviceServer(web.Server):
    """Makes device connections."""

    def __call__(self) -> web.RequestHandler:
        """Return what handles a new connection."""
        return DeviceConnection(self, loop=self._loop, **self._kwargs)


class DeviceRunner(web.AppRunner):
    """Runs an application whose connections are those of devices."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        loop, options = made._loop, made._kwargs  # noqa: SLF001  # no public way to have a connection of one's own
        return DeviceServer(made.request_handler, request_factory=made.request_factory, loop=loop, **options)
