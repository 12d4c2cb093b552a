"""An authority of timestamps (RFC 3161) as an anchor: it says that a checkpoint was there at a time, whoever asks."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response
from yarl import URL

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import digest
from fairwatch.policy.audit_chain import Fault

NAME = "audit.timestamps"  # beside the checkpoints
MOST_BYTES = 64 << 10
TIMEOUT_S = 10.0
OK = 200
GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications
WHERE = "timestamps"


class TimestampAuthority:
    """Asks for a timestamp of each checkpoint and keeps the answer in a file.

    What is sent is a hash of a hash: the authority learns nothing of the log. Redirects are refused, proxies of the
    environment ignored, answers above 64 KiB not read.

    Args:
        url: Of the authority.
        path: Where its answers are kept, one JSON document a line.
    """

    name = "tsa"

    def __init__(self, url: URL, path: Path) -> None:
        self._url, self._path = url, path

    async def keep(self, said: Mapping[str, Any]) -> str:
        """Return `ok` once the timestamp is on the disk, or why it is not."""
        imprint = digest(said).encode()
        asked = TimestampRequestBuilder().data(imprint).cert_request(cert_request=True).nonce(nonce=True).build()
        try:
            status, body = await self._ask(asked.as_bytes())
        except TimeoutError:
            return "timeout"
        except (aiohttp.ClientError, OSError):
            return "unreachable"
        if status != OK:
            return "server_error" if status >= 500 else "client_error"  # noqa: PLR2004
        try:
            given = decode_timestamp_response(body)
            fits = given.status in GRANTED and given.tst_info.nonce == asked.nonce
            fits = fits and given.tst_info.message_imprint.message == asked.message_imprint.message
        except ValueError:
            fits = False
        if not fits:
            return "refused"
        line = orjson.dumps({"checkpoint": digest(said), "response": base64.b64encode(body).decode()}) + b"\n"
        try:
            await asyncio.to_thread(_append, self._path, line)
        except OSError:
            return "unwritable"
        return "ok"

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        headers = {"content-type": "application/timestamp-query", "user-agent": "fairwatch"}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(self._url, data=request, headers=headers, allow_redirects=False) as response,
        ):
            return response.status, await response.content.read(MOST_BYTES)


def read_timestamps(path: Path) -> list[dict[str, str]]:
    """Return the timestamps of a file; none where it is not there; ConfigurationError where it holds something else."""
    try:
        found = [orjson.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    except FileNotFoundError:
        return []
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigurationError(f"{path}: is no file of timestamps: {error}") from error
    if not all(isinstance(one, dict) and {"checkpoint", "response"} <= one.keys() for one in found):
        raise ConfigurationError(f"{path}: is no file of timestamps")
    return found


def authorities(path: Path) -> list[Certificate]:
    """Return the certificates of a PEM file; ConfigurationError where it holds none."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: holds no certificates in PEM: {error}") from error


class Timestamped:
    """Holds timestamps against the checkpoints that they are about.

    Attributes:
        times: When each checkpoint was there at the latest, as its authority says.
        faults: Timestamps that prove nothing, or speak of a checkpoint that is not there.
    """

    def __init__(
        self,
        checkpoints: Iterable[Mapping[str, Any]],
        stamps: Sequence[Mapping[str, str]],
        roots: Sequence[Certificate],
    ) -> None:
        known = {digest(said): number for number, said in enumerate(checkpoints, 1)}
        self.times: dict[str, datetime] = {}
        self.faults: list[Fault] = []
        for number, stamp in enumerate(stamps, 1):
            about = str(stamp["checkpoint"])
            if about not in known:
                self._fault(number, "removed", "it is about a checkpoint that is not there any more")
            elif (at := _time_of(about, str(stamp["response"]), roots)) is None:
                self._fault(number, "edited", "no authority that is trusted here gave it for this checkpoint")
            else:
                self.times[about] = min(at, self.times.get(about, at))

    def _fault(self, number: int, kind: Any, detail: str) -> None:
        self.faults.append(Fault(WHERE, number, kind, detail))

    def told(self) -> Iterator[str]:
        """Yield what they say, in words."""
        if self.times:
            first, last = min(self.times.values()), max(self.times.values())
            yield f"{len(self.times)} checkpoints have timestamps, {_second(first)} to {_second(last)}"


def _time_of(about: str, response: str, roots: Sequence[Certificate]) -> datetime | None:
    imprint = hashlib.sha512(about.encode()).digest()
    for root in roots:
        try:
            given = decode_timestamp_response(base64.b64decode(response, validate=True))
            if VerifierBuilder().add_root_certificate(root).build().verify(given, imprint):
                return given.tst_info.gen_time
        except (VerificationError, ValueError):
            continue
    return None


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _second(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
