"""E-mail: a thread for each alert, TLS or nothing, pictures only where the policy lets them out."""

import asyncio
import email
from datetime import timedelta
from email.policy import default

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from structlog.testing import capture_logs

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.release import pictures_that_may_leave
from fairwatch.sinks.mail import EmailOptions, classify
from fairwatch.sinks.options import Surroundings
from tests.support.faulty_wire import served
from tests.support.records import AT, trigger
from tests.support.sink_servers import MailServer

ADDRESSES = {"sender": "Hub <hub@example.org>", "to": ["guard@example.org"]}
SCENE = {"uri": "fw-media:" + "0" * 64, "role": "SCENE", "mime": "image/jpeg"}


def around(pictures=None, **environment):
    return Surroundings(ManualClock(AT), environment, pictures)


def read(content):
    return email.message_from_bytes(content, policy=default)


@pytest.fixture
async def server():
    server = MailServer()
    server.port = await server.start()
    yield server
    await server.stop()


def options(port, **more):
    return EmailOptions(host="127.0.0.1", port=port, security="none", **ADDRESSES, **more)


async def test_every_revision_of_an_alert_joins_one_thread(server):
    sink = options(server.port).open(around())
    for n, state in enumerate(("NEW", "UPDATED", "ENDED")):
        await sink.send(f"d-{n}", trigger(revision=n, state=state))
    new, update, ended = map(read, server.messages)
    assert new["References"] == update["References"] == ended["In-Reply-To"]
    assert (new["Message-ID"], ended["Message-ID"]) == ("<d-0@example.org>", "<d-2@example.org>")
    assert ended["Subject"] == f"ENDED: {new['Subject']}"
    assert new["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"


async def test_a_message_says_who_gets_it_which_alert_it_is_of_and_that_a_machine_wrote_it(server):
    given = {**ADDRESSES, "to": ["guard@example.org", "Chief <chief@example.org>"]}
    sink = EmailOptions(host="127.0.0.1", port=server.port, security="none", **given).open(around())
    alert = trigger(state="UPDATED")
    await sink.send("d-0", alert)
    told = read(server.messages[0])
    assert (told["From"], told["To"]) == ("Hub <hub@example.org>", "guard@example.org, Chief <chief@example.org>")
    assert told["Auto-Submitted"] == "auto-generated", "whoever is away does not answer it"
    assert (told["X-Fairwatch-Alert"], told["X-Fairwatch-State"]) == (alert["alert_id"], "UPDATED")
    assert (told["References"], told["In-Reply-To"]) == (f"<alert-{alert['alert_id']}@example.org>",) * 2


@pytest.mark.parametrize(("password", "reason", "taken"), [("pw", "ok", 1), ("old", "auth_error", 0)])
async def test_a_server_that_asks_who_sends_is_told_name_and_password(password, reason, taken):
    kept, asked = MailServer(), []

    def knows(server, session, envelope, mechanism, given):
        asked.append(given.login)
        return AuthResult(success=given.password == b"pw", handled=False)

    def protocol():
        return SMTP(kept, auth_require_tls=False, authenticator=knows)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    sink = options(server.sockets[0].getsockname()[1], username="hub", password_env="P").open(around(P=password))
    answer = await sink.send("d-0", trigger())
    assert (answer.reason, answer.retryable, len(kept.messages)) == (reason, reason != "ok", taken)
    assert set(asked) == {b"hub"}
    server.close()


async def test_a_mailbox_that_is_refused_keeps_the_others_from_nothing_and_is_in_the_log(server):
    async def refuse_one(_server, _session, envelope, address, _options):
        if address == "gone@example.org":
            return "550 who"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    server.handle_RCPT = refuse_one
    for to in (["guard@example.org", "gone@example.org"], ["guard@example.org"]):
        sink = EmailOptions(host="127.0.0.1", port=server.port, security="none", sender="hub@example.org", to=to).open(
            around()
        )
        with capture_logs() as logs:
            answer = await sink.send("d-0", trigger())
        assert (answer.reason, answer.retryable, answer.status) == ("ok", False, 250)
        said = [(line["refused"], line["of"]) for line in logs if line["event"] == "mail.some_refused"]
        assert said == ([(1, 2)] if len(to) > 1 else [])
    assert len(server.messages) == 2


async def test_of_many_pictures_four_go_and_none_that_a_mail_server_would_refuse(server):
    async def many(alert):
        return [(b"%d" % number, "image/jpeg") for number in range(6)]

    async def large(alert):
        return [(b"x" * size, "image/png") for size in (2_000_000, 2_000_001)]

    for pictures in (many, large):
        await options(server.port, pictures=True).open(around(pictures)).send("d-0", trigger())
    first, second = ([one.get_content() for one in read(told).iter_attachments()] for told in server.messages)
    assert first == [b"0", b"1", b"2", b"3"]
    assert [len(picture) for picture in second] == [2_000_000]


async def test_a_device_cannot_write_headers_and_its_words_arrive_as_they_are(server):
    alert = trigger(title="Gate\r\nBcc: everybody@example.org", site_name="Bahnhof Süd", exercise=True)
    assert (await options(server.port).open(around()).send("d-0", alert)).reason == "ok"
    told = read(server.messages[0])
    assert told["Bcc"] is None
    assert told["Subject"] == "TEST: Gate Bcc: everybody@example.org"
    assert "Site: Bahnhof Süd" in told.get_content()


async def test_a_picture_goes_inline_only_where_it_is_asked_for(server):
    async def pictures(alert):
        return [(b"jpeg", "image/jpeg"), (b"x" * 3_000_000, "image/jpeg"), (b"mp4", "video/mp4")]

    for asked in (False, True):
        await options(server.port, pictures=asked).open(around(pictures)).send("d-0", trigger())
    without, with_one = map(read, server.messages)
    assert list(without.iter_attachments()) == []
    [picture] = with_one.iter_attachments()
    assert (picture.get_content(), picture.get_content_disposition()) == (b"jpeg", "inline")


@pytest.mark.parametrize(
    ("alert", "leaves"),
    [
        ({"media": [SCENE]}, 1),
        ({"media": [SCENE, {**SCENE, "role": "FACE"}, {**SCENE, "role": "PERSON"}, {**SCENE, "role": "REFERENCE"}]}, 1),
        ({"media": [SCENE], "candidate_id": "c"}, 0),
        ({"media": [SCENE], "event_type": "face.seen"}, 0),
        ({}, 0),
    ],
)
def test_no_picture_of_a_face_or_of_a_match_leaves(alert, leaves):
    assert len(pictures_that_may_leave(trigger(**alert))) == leaves


@pytest.mark.parametrize("offers_tls", [True, False])
async def test_a_server_without_starttls_is_told_nothing(certificates, offers_tls):
    taken = MailServer()

    def protocol():
        return SMTP(taken, tls_context=served(certificates["ends"]) if offers_tls else None)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    port, ca_file = server.sockets[0].getsockname()[1], certificates["ends"]
    sink = EmailOptions(host="127.0.0.1", port=port, ca_file=ca_file, **ADDRESSES).open(around())
    answer = await sink.send("d-0", trigger())
    assert (answer.reason, answer.retryable, len(taken.messages)) == (
        ("ok", False, 1) if offers_tls else ("tls_error", True, 0)
    )
    server.close()


@pytest.mark.parametrize(
    ("error", "reason", "retryable"),
    [
        (aiosmtplib.SMTPAuthenticationError(535, "no"), "auth_error", True),
        (aiosmtplib.SMTPSenderRefused(530, "sign in", "hub"), "auth_error", True),
        (aiosmtplib.SMTPAuthenticationError(534, "too weak"), "auth_error", True),
        (aiosmtplib.SMTPAuthenticationError(538, "encrypt"), "auth_error", True),
        (aiosmtplib.SMTPDataError(452, "full"), "server_error", True),
        (aiosmtplib.SMTPDataError(499, "later"), "server_error", True),
        (aiosmtplib.SMTPDataError(500, "what"), "client_error", False),
        (aiosmtplib.SMTPDataError(552, "too large"), "client_error", False),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "later", "a")]), "server_error", True),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "who", "a")]), "client_error", False),
        (aiosmtplib.SMTPServerDisconnected("gone"), "unreachable", True),
        (ConnectionResetError(), "unreachable", True),
        (ValueError("address"), "client_error", False),
    ],
)
def test_what_a_mail_server_says_decides_whether_it_is_asked_again(error, reason, retryable):
    assert (classify(error).reason, classify(error).retryable) == (reason, retryable)
    assert classify(error).status == getattr(getattr(error, "recipients", [error])[0], "code", None)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"pictures": True}, "needs a media store"),
        ({"username": "hub", "password_env": "NO"}, "email.password: set NO or NO_FILE"),
    ],
)
def test_what_cannot_work_is_said_when_it_is_opened(more, says):
    with pytest.raises(ConfigurationError, match=says):
        EmailOptions(**{"host": "127.0.0.1", **ADDRESSES, **more}).open(around())


def test_a_password_is_never_shown():
    given = EmailOptions(host="mail.example.org", username="hub", password_env="P", **ADDRESSES)
    sink = given.open(around(P="hunter2"))
    assert "hunter2" not in repr(sink)
    assert given.timeout == timedelta(seconds=15)
