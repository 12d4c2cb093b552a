"""Starts and stops a real schema registry (Apicurio) on loopback: for tests and for trying Confluent's framing.

Usage: registry.py start PORT [--data FOLDER] | stop PORT [--kill] | url PORT

It is fetched by Maven once, kept below FAIRWATCH_CACHE (~/.cache/fairwatch) and runs on Java 17 or newer. Without
--data it keeps what it is told in memory. Exit code 3: Java or Maven is missing, or cannot fetch it; says which.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "3.0.9"  # the last that runs on Java 17
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
CACHE = Path(os.environ.get("FAIRWATCH_CACHE", "~/.cache/fairwatch")).expanduser() / "registry"
HOME = CACHE / VERSION
START_S = 90.0
STOP_S = 15.0
UNAVAILABLE = 3


class UnavailableError(Exception):
    """Something that has to be on this machine is not."""


def url(port: int) -> str:
    """Return what FAIRWATCH_REGISTRY_URL has to be."""
    return f"http://127.0.0.1:{port}/apis/ccompat/v7"


def jar() -> Path:
    """Return the program, fetched and unpacked when this is the first time."""
    found = next(HOME.glob("*-runner.jar"), None)
    if found is not None:
        return found
    fetched = CACHE / f"fetched-{os.getpid()}"
    try:
        _maven("dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={fetched}")
        with tarfile.open(next(fetched.glob("*.tar.gz"))) as archive:
            archive.extractall(fetched / "unpacked", filter="data")
        (fetched / "unpacked").rename(HOME)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)
    return next(HOME.glob("*-runner.jar"))


def _maven(*arguments: str) -> None:
    try:
        done = subprocess.run(["mvn", "-q", "-B", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UnavailableError("Maven (mvn) is not installed") from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["no reason given"]
        raise UnavailableError(f"Maven cannot fetch {ARTIFACT}: {lines[0]}")


def start(port: int, data: Path | None = None) -> None:
    """Start it unless it runs, and return once it answers."""
    if shutil.which("java") is None:
        raise UnavailableError("Java is not installed")
    if _answers(port):
        return
    program = jar()
    options = [
        f"-Dquarkus.http.port={port}",
        "-Dquarkus.http.host=127.0.0.1",
        "-Dquarkus.http.access-log.enabled=false",
    ]
    if data is not None:  # written at once: a killed registry has what it answered
        options.append(f"-Dapicurio.datasource.url=jdbc:h2:file:{data.resolve()}/registry;WRITE_DELAY=0")
    with _pid_file(port).with_suffix(".log").open("wb") as log:
        # Seconds count here, not throughput: the first compiler only, little memory.
        process = subprocess.Popen(
            ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", *options, "-jar", str(program)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    _pid_file(port).write_text(str(process.pid), encoding="ascii")
    end = time.monotonic() + START_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > end:
            said = _pid_file(port).with_suffix(".log").read_text(errors="replace").splitlines()[-1:]
            stop(port)
            raise UnavailableError(f"Apicurio does not start: {said or 'it says nothing'}")
        time.sleep(0.2)


def stop(port: int, *, kill: bool = False) -> None:
    """Stop it, wait until it is gone; nothing when none runs."""
    file = _pid_file(port)
    if not file.exists():
        return
    pid = int(file.read_text(encoding="ascii"))
    file.unlink()
    file.with_suffix(".log").unlink(missing_ok=True)
    for number, patience_s in ((signal.SIGKILL if kill else signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        end = time.monotonic() + patience_s
        while _runs(pid) and time.monotonic() < end:
            os.kill(pid, number)
            time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"{url(port)}/subjects", timeout=2) as answer:  # noqa: S310  loopback
            return bool(answer.status == 200)  # noqa: PLR2004  HTTP's own number
    except (urllib.error.URLError, OSError):
        return False


def _pid_file(port: int) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE / f"{port}.pid"


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["start", "stop", "url"])
    parser.add_argument("port", type=int)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    try:
        if given.action == "start":
            start(given.port, given.data)
        elif given.action == "stop":
            stop(given.port, kill=given.kill)
    except UnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return UNAVAILABLE
    if given.action != "stop":
        print(url(given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
