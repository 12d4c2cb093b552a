"""Eclipse Mosquitto, where it is installed."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
OPEN_S = 4.0
# Linux ends what it becomes when its parent ends, however that does; 1 is PR_SET_PDEATHSIG.
ENDS_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execv(sys.argv[1], sys.argv[1:])
"""
LOOK_S = 0.02


@contextmanager
def mosquitto(folder: Path, port: int, users: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run mosquitto on a loopback port; yield the port.

    Args:
        folder: For its files.
        port: Where it listens.
        users: Passwords by user name; without, everybody may connect. It keeps for them what they do not read, however
            much that is.
    """
    assert MOSQUITTO, "not installed"
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'false' if users else 'true'}"]
    if users:
        lines += ["max_queued_messages 0", f"password_file {_password_file(folder, users)}"]
    if os.getuid() == 0:  # it would give up the right to read its files
        lines.append("user root")
    configuration = folder / "mosquitto.conf"
    configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
    command = [sys.executable, "-c", ENDS_WITH_PARENT, MOSQUITTO, "-c", configuration]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _password_file(folder: Path, users: Mapping[str, str]) -> Path:
    path = folder / "mosquitto.passwords"
    path.touch(mode=0o600)
    path.write_text("".join(f"{user}:{password}\n" for user, password in users.items()), encoding="utf-8")
    subprocess.run(["mosquitto_passwd", "-U", path], check=True, capture_output=True)
    return path


def _wait_until_open(port: int) -> None:
    until = time.monotonic() + OPEN_S
    while time.monotonic() < until:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(LOOK_S)
    raise AssertionError("mosquitto does not start")
