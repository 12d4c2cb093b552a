"""TLS: the certificate of a device is its credential, and what a VIID session is bound to."""

import ssl
import subprocess

import aiohttp
import pytest

from fairwatch.domain.errors import ConfigurationError
from tests.support.gateway_world import PASSWORD, VIID_ID, device, digested, run_gateway

pytestmark = pytest.mark.skipif(
    subprocess.run(["which", "openssl"], capture_output=True, check=False).returncode != 0, reason="needs openssl"
)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Give a folder with self-signed certificates of a server and two devices."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("server", "one", "other"):
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem",
        )  # fmt: skip
    (folder / "clients.pem").write_text((folder / "one.pem").read_text() + (folder / "other.pem").read_text())
    return folder


def fingerprint(folder, name):
    import hashlib  # noqa: PLC0415 - only here

    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())).hexdigest()


def client(folder, name=None):
    context = ssl.create_default_context(cafile=folder / "server.pem")
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def settings(folder):
    return {
        "tls_cert": folder / "server.pem",
        "tls_key": folder / "server.key",
        "tls_client_ca": folder / "clients.pem",
    }


async def post(url, context, **options):
    async with aiohttp.ClientSession() as session, session.post(url, ssl=context, data=b"<a/>", **options) as response:
        return response.status


async def test_client_certificate_opens_the_door_to_its_device_only(tmp_path, certificates):
    devices = [device("one", certificate_sha256=fingerprint(certificates, "one"))]
    async with run_gateway("http", tmp_path, devices, **settings(certificates)) as gateway:
        url = gateway.url.replace("http://", "https://") + "/v1/push/one"
        assert await post(url, client(certificates, "one")) == 200
        assert await post(url, client(certificates, "other")) == 401
        assert await post(url, client(certificates)) == 401
        with pytest.raises(aiohttp.ClientError):
            await post(gateway.url + "/v1/push/one", None)


async def test_session_belongs_to_the_certificate_that_registered(tmp_path, certificates):
    devices = [digested("gat", username="platform", viid_id=VIID_ID)]
    async with run_gateway("viid", tmp_path, devices, **settings(certificates)) as gateway:
        url = gateway.url.replace("http://", "https://") + "/VIID"
        headers = {"User-Identify": VIID_ID}
        digest = aiohttp.DigestAuthMiddleware("platform", PASSWORD)
        async with (
            aiohttp.ClientSession(middlewares=[digest], headers=headers) as session,
            session.post(f"{url}/System/Register", ssl=client(certificates, "one")) as response,
        ):
            assert response.status == 200
        faces = {"data": b'{"FaceListObject":{"FaceObject":[{"FaceID":"a"}]}}', "headers": headers}
        async with aiohttp.ClientSession() as session:
            for name, expected in (("one", 200), ("other", 401), (None, 401)):
                async with session.post(f"{url}/Faces", ssl=client(certificates, name), **faces) as response:
                    assert response.status == expected


async def test_half_of_the_tls_files_is_a_configuration_error(tmp_path, certificates):
    with pytest.raises(ConfigurationError, match="set both or neither"):
        async with run_gateway("http", tmp_path, [], tls_cert=certificates / "server.pem"):
            pass


async def test_port_in_use_is_a_configuration_error(tmp_path):
    async with run_gateway("http", tmp_path, []) as gateway:
        port = int(gateway.url.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"cannot listen on http://127.0.0.1:{port}"):
            async with run_gateway("http", tmp_path, [], port=port):
                pass
