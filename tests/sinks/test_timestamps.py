"""Checkpoints get timestamps of a real authority (openssl ts), and what was changed afterwards is found."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from fairwatch.cli.audit.log import anchorages
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import checkpoint, digest
from fairwatch.policy.merkle import Tree
from fairwatch.sinks.timestamps import NAME, TimestampAuthority, Timestamped, authorities, read_timestamps
from fairwatch.stores.checkpoints import CheckpointFile
from tests.support.trust import ADMIN

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: it plays the authority")
CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,digitalSignature
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:false
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[stamp]
dir = .
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
TREE = Tree()
TREE.add("a" * 64)
FIRST = checkpoint({"audit-0": TREE}, ADMIN, at=1)
SECOND = checkpoint({"audit-0": TREE}, ADMIN, at=2, previous=digest(FIRST))


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: Any) -> Path:
    folder: Path = tmp_path_factory.mktemp("tsa")
    (folder / "c").write_text(CONFIG)
    (folder / "serial").write_text("01")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", "-x509", *ec, "-config", "c", "-extensions", "ca", "-subj", "/CN=ca", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "30")  # fmt: skip
    openssl(folder, "req", *ec, "-config", "c", "-subj", "/CN=tsa", "-keyout", "tsa.key", "-out", "tsa.csr")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "c", "-extensions", "tsa", "-out", "tsa.pem", "-days", "30")  # fmt: skip
    return folder


class Server:
    """Answers as `openssl ts` does, or as a test says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.instead: web.Response | None = None

    async def answer(self, request: web.Request) -> web.Response:
        (self._folder / "query").write_bytes(await request.read())
        assert request.content_type == "application/timestamp-query"
        if self.instead is not None:
            return web.Response(status=self.instead.status, body=self.instead.body, headers={"Location": "/"})
        openssl(
            self._folder, "ts", "-reply", "-config", "c", "-section", "stamp", "-queryfile", "query", "-out", "reply"
        )
        return web.Response(body=(self._folder / "reply").read_bytes(), content_type="application/timestamp-reply")


@pytest.fixture
async def server(authority: Path) -> AsyncIterator[tuple[Server, URL]]:
    found = Server(authority)
    app = web.Application()
    app.router.add_post("/", found.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield found, URL(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await runner.cleanup()


async def test_a_checkpoint_is_stamped_and_one_that_is_exchanged_later_is_found(
    tmp_path: Path, server: tuple[Server, URL], authority: Path
) -> None:
    target = TimestampAuthority(server[1], tmp_path / NAME)
    assert [await target.keep(said) for said in (FIRST, SECOND)] == ["ok", "ok"]
    stamps, roots = read_timestamps(tmp_path / NAME), authorities(authority / "ca.pem")
    good = Timestamped([FIRST, SECOND], stamps, roots)
    assert (good.faults, len(good.times)) == ([], 2)
    assert "2 checkpoints have timestamps, 20" in next(good.told())
    other = checkpoint({"audit-0": TREE}, ADMIN, at=3)
    assert [fault.kind for fault in Timestamped([FIRST, other], stamps, roots).faults] == ["removed"]
    moved = [{**stamps[0], "checkpoint": digest(SECOND)}, stamps[1]]
    assert [fault.kind for fault in Timestamped([FIRST, SECOND], moved, roots).faults] == ["edited"]
    assert len(Timestamped([FIRST, SECOND], stamps, authorities(authority / "tsa.pem")).faults) == 2


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (500, b"", "server_error"),
        (499, b"", "client_error"),
        (404, b"", "client_error"),
        (307, b"", "client_error"),  # nobody is sent elsewhere
        (200, b"no timestamp", "refused"),
        (200, b"", "refused"),
    ],
)
async def test_what_is_no_timestamp_is_not_kept(
    tmp_path: Path, server: tuple[Server, URL], status: int, body: bytes, outcome: str
) -> None:
    server[0].instead = web.Response(status=status, body=body)
    assert await TimestampAuthority(server[1], tmp_path / NAME).keep(FIRST) == outcome
    assert read_timestamps(tmp_path / NAME) == []


async def test_the_answer_to_another_question_is_not_kept(
    tmp_path: Path, server: tuple[Server, URL], authority: Path
) -> None:
    target = TimestampAuthority(server[1], tmp_path / NAME)
    assert await target.keep(FIRST) == "ok"
    server[0].instead = web.Response(body=(authority / "reply").read_bytes())
    assert await target.keep(SECOND) == "refused"
    assert await TimestampAuthority(URL("http://127.0.0.1:9/"), tmp_path / NAME).keep(FIRST) == "unreachable"


async def test_a_proxy_of_the_environment_is_not_asked(
    tmp_path: Path, server: tuple[Server, URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert await TimestampAuthority(server[1], tmp_path / NAME).keep(FIRST) == "ok"


async def test_an_old_answer_to_the_same_question_is_not_kept(
    tmp_path: Path, server: tuple[Server, URL], authority: Path
) -> None:
    target = TimestampAuthority(server[1], tmp_path / NAME)
    assert await target.keep(FIRST) == "ok"
    server[0].instead = web.Response(body=(authority / "reply").read_bytes())
    assert await target.keep(FIRST) == "refused"
    assert len(read_timestamps(tmp_path / NAME)) == 1


async def test_any_of_several_authorities_may_have_given_a_timestamp(
    tmp_path: Path, server: tuple[Server, URL], authority: Path
) -> None:
    assert await TimestampAuthority(server[1], tmp_path / NAME).keep(FIRST) == "ok"
    stamps = read_timestamps(tmp_path / NAME)
    roots = [*authorities(authority / "tsa.pem"), *authorities(authority / "ca.pem")]
    for trusted in (roots, roots[::-1]):
        assert Timestamped([FIRST], stamps, trusted).faults == []


async def test_a_line_that_was_cut_off_is_no_timestamp_and_nonsense_is_named(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text('{"checkpoint": "a", "response": "b"}\n{"checkpoint": "c", "resp')
    assert read_timestamps(path) == [{"checkpoint": "a", "response": "b"}]
    for nonsense in ("nonsense\n", "[]\n", '{"checkpoint": "a"}\n'):
        path.write_text(nonsense)
        with pytest.raises(ConfigurationError, match=f"{NAME}: is no file of timestamps"):
            read_timestamps(path)
    with pytest.raises(ConfigurationError, match="holds no certificates in PEM"):
        authorities(path)


async def test_verify_checks_timestamps_beside_the_checkpoints(
    tmp_path: Path, server: tuple[Server, URL], authority: Path
) -> None:
    kept = CheckpointFile(tmp_path / "audit.checkpoints")
    kept.append(FIRST)
    assert await TimestampAuthority(server[1], tmp_path / NAME).keep(FIRST) == "ok"
    [one] = anchorages([tmp_path / "audit.checkpoints"], from_start=True, authority=authority / "ca.pem")
    assert one.told()["timestamps"] == 1
    (tmp_path / "audit.checkpoints").write_bytes(b"")
    kept.append({**SECOND, "previous": "0" * 64})
    [one] = anchorages([tmp_path / "audit.checkpoints"], from_start=True, authority=authority / "ca.pem")
    assert "it is about a checkpoint that is not there any more" in [fault.detail for fault in one.faults([])]
