# ruff: noqa: E501 - payloads are easier to read on one line
"""Envelopes are opened as real cameras send them, and never guessed at where that could lose something."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.envelopes import (
    is_http_request,
    is_multipart,
    open_http,
    split_documents,
    split_multipart,
)
from fairwatch.formats.payload import Payload

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"


def part(body, head=b"Content-Type: text/plain\r\n"):
    return b"--b\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"\r\n"


def test_parts_keep_order_names_and_both_of_one_name():
    first = part(b"{}", b'Content-Disposition: form-data; name="face"\r\nContent-Type: application/json\r\n')
    second = part(b"\xff\xd8", b'Content-Disposition: form-data; name=face; filename="a b.jpg"\r\n')
    parts = split_multipart(first + second + b"--b--\r\n", "multipart/form-data; boundary=b")
    assert [(p.name, p.filename, p.content_type, p.body) for p in parts] == [
        ("face", "", "application/json", b"{}"),
        ("face", "a b.jpg", "", b"\xff\xd8"),
    ]


@pytest.mark.parametrize(
    "content_type", ["", "multipart/mixed", "multipart/mixed; boundary=other", 'multipart/x; boundary="--b"']
)
def test_a_boundary_that_is_missing_or_wrong_is_read_from_the_first_line(content_type):
    assert split_multipart(part(b"x") + b"--b--", content_type)[0].body == b"x"


def test_a_picture_that_contains_the_boundary_is_whole():
    picture = b"\xff\xd8\r\n--b\r\nContent-Length: 1\r\n\r\n\xff\xd9"
    assert split_multipart(part(picture) + part(b"next") + b"--b--")[0].body == picture


def test_a_length_that_promises_too_much_is_ignored():
    assert split_multipart(b"--b\nContent-Length: 999\n\nCode=VideoMotion\n--b\n\nx")[0].body == b"Code=VideoMotion"


def test_a_length_that_is_too_short_is_refused():
    with pytest.raises(RejectedError, match="Content-Length 3 is smaller") as error:
        split_multipart(b"--b\r\nContent-Length: 3\r\n\r\n{broken}\r\n--b--")
    assert error.value.reason == "malformed"


def test_a_stream_slice_may_begin_inside_a_part_and_end_before_one():
    parts = split_multipart(b"<a/>\n--b\nContent-Length: 4\n\n<b/>\n--b\nContent-Length: 463\n\n")
    assert [p.body for p in parts] == [b"<a/>", b"<b/>"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "empty"), (b"--b--\r\n", "empty"), (b"no boundary", "malformed"), (b"--b\r\n\r\n--b--", "empty")],
)
def test_what_is_no_multipart_is_refused(body, reason):
    with pytest.raises(RejectedError) as error:
        split_multipart(body)
    assert error.value.reason == reason


def test_limits_hold():
    with pytest.raises(RejectedError) as error:
        split_multipart(part(b"x") * 5, most_parts=4)
    assert error.value.reason == "too_large"
    with pytest.raises(RejectedError) as error:
        split_multipart(part(b"x"), largest=10)
    assert error.value.reason == "too_large"


@given(st.binary(max_size=200), st.sampled_from(["", "multipart/mixed; boundary=b", "text/plain"]))
def test_any_bytes_give_parts_or_a_refusal(noise, content_type):
    for body in (noise, b"--b\r\n" + noise, part(noise) + noise):
        with contextlib.suppress(RejectedError):
            assert split_multipart(body, content_type)
        assert b"".join(split_documents(body)).replace(b" ", b"") or not body.strip()


@given(st.lists(st.binary(min_size=1, max_size=60).filter(bytes.strip), min_size=1, max_size=5))
def test_parts_with_right_lengths_come_back_exactly(bodies):
    whole = b"".join(map(part, bodies)) + b"--b--\r\n"
    assert [p.body for p in split_multipart(whole, "multipart/mixed; boundary=b")] == bodies


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"<a/>", 1),
        (b"<a/><b/>", 2),
        (b"<?xml version='1.0'?><a><a/></a>\n<?xml version='1.0'?><a>x</a>", 2),
        (b"<a>cut<b/>", 1),
        (b"<a><ab/></a>", 1),
        (b"<a x='1'><a/><a></a></a> <c/>", 2),
    ],
)
def test_documents_one_after_another_are_told_apart(body, count):
    assert len(split_documents(body)) == count


def test_an_http_request_gives_path_headers_and_body():
    raw = b"POST /VIID/Faces?x=1 HTTP/1.1\r\nContent-Type: application/json\r\nUser-Identify: 1\r\nContent-Length: 2\r\n\r\n{}"
    assert is_http_request(raw)
    payload = open_http(Payload(raw))
    assert (payload.path, payload.content_type, payload.body) == ("/VIID/Faces", "application/json", b"{}")
    assert payload.headers["user-identify"] == "1"


@pytest.mark.parametrize(
    "raw", [b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}", b"POST / HTTP/1.1\r\nX: 1", b"POST / HTTP/1.1\r\n\r\n"]
)
def test_a_cut_http_request_is_refused(raw):
    with pytest.raises(RejectedError):
        open_http(Payload(raw))


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recordings are not on this machine")
def test_every_recorded_envelope_opens_or_is_refused():
    for path in sorted([*FIXTURES.glob("*/*.multipart"), FIXTURES / "dahua" / "attach_session_vto.multipart"]):
        body = path.read_bytes()
        if ".bad." in path.name:
            with pytest.raises(RejectedError):
                split_multipart(body)
        else:
            assert is_multipart(body) or body.startswith(b"<")
            assert split_multipart(body), path.name
    request = open_http(Payload((FIXTURES / "viid" / "faces_http_request.http").read_bytes()))
    assert request.path == "/VIID/Faces"
    assert request.body.startswith(b'{"FaceListObject"')
