"""An alert goes to a receiver that proves who it is, and to no other."""

import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from fairwatch.domain.clock import SystemClock
from fairwatch.sinks.webhook import Webhook
from tests.support.records import trigger

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"

pytestmark = pytest.mark.skipif(
    subprocess.run(["which", "openssl"], capture_output=True, check=False).returncode != 0, reason="needs openssl"
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """Give a folder with self-signed certificates: of this address and of another name."""
    folder = tmp_path_factory.mktemp("tls")
    for name, address in (("ours", "IP:127.0.0.1"), ("elsewhere", "DNS:alerts.example.org")):
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={address}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
    return folder


@pytest.fixture
async def tell(certificates):
    """Give a function: tell a receiver that shows a certificate, trusting another; what came of it, what it got."""
    got, opened = [], []

    async def take(request):
        got.append(await request.text())
        return web.Response()

    async def play(shown, trusted=None):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / f"{shown}.pem", certificates / f"{shown}.key")
        app = web.Application()
        app.router.add_post("/", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        authority = certificates / f"{trusted}.pem" if trusted else None
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
        webhook = Webhook(url, SECRET, SystemClock(), ca_file=authority)
        opened.extend([webhook.close, runner.cleanup])
        return (await webhook.send("d", trigger())).reason, len(got)

    yield play
    for close in opened:
        await close()


async def test_a_receiver_of_the_named_authority_is_told(tell):
    assert await tell("ours", trusted="ours") == ("ok", 1)


async def test_a_receiver_whose_certificate_nobody_vouches_for_is_not_told(tell):
    assert await tell("ours") == ("tls_error", 0)


async def test_a_receiver_of_another_authority_is_not_told(tell):
    assert await tell("ours", trusted="elsewhere") == ("tls_error", 0)


async def test_a_receiver_that_shows_the_certificate_of_another_name_is_not_told(tell):
    assert await tell("elsewhere", trusted="elsewhere") == ("tls_error", 0)
