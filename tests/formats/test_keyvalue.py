"""Bodies of names and values give their documents, whatever else stands between them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.keyvalue import MOST, read_pairs
from fairwatch.formats.bodies.table import read_table


@pytest.mark.parametrize(
    ("body", "documents"),
    [
        (b"Code=A;action=Start;index=1", [{"Code": "A", "action": "Start", "index": "1"}]),
        (b'Code=A;data={\n "b" : [1, "x;y=z"]\n}\n', [{"Code": "A", "data": {"b": [1, "x;y=z"]}}]),
        (
            b"Code=A;action=Start\n\nCode=B;action=Stop\n",
            [{"Code": "A", "action": "Start"}, {"Code": "B", "action": "Stop"}],
        ),
        (b"event --myboundary\nContent-Length:9\n\nCode=A;action=Pulse\n", [{"Code": "A", "action": "Pulse"}]),
        (b"Code=A;data={ broken", [{"Code": "A", "data": "{ broken"}]),
        (b"a.b=1\r\na.c[0].d=2\r\na.c[1].d=3\r\n", [{"a": {"b": "1", "c": [{"d": "2"}, {"d": "3"}]}}]),
        (b" Heartbeat\n", [{"#text": "Heartbeat"}]),
        (b"no pairs at all", []),
        (b"", []),
    ],
)
def test_pairs_are_read(body: bytes, documents: list[object]) -> None:
    assert read_pairs(body) == documents


def test_an_index_far_away_makes_no_long_list() -> None:
    assert read_pairs(b"a[9999].b=1\n") == [{"a": []}]


def test_too_many_events_in_one_body_are_refused() -> None:
    with pytest.raises(RejectedError, match="too_large"):
        read_pairs(b"Code=A;action=Start\n" * (MOST + 1))


@settings(max_examples=200, deadline=None)
@given(st.text('Cab=;{}[]."\n 0', max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert all(type(one) is dict for one in read_pairs(text.encode()))


@pytest.mark.parametrize(
    ("body", "documents"),
    [
        (b"a,b,c,d\n1,2,3,\"{'x': [1]}\"\n", [{"a": "1", "b": "2", "c": "3", "d": {"x": [1]}}]),
        (b"a,b,c,d\n1,2,3,\"{'x': open}\"\n", [{"a": "1", "b": "2", "c": "3", "d": "{'x': open}"}]),
        (b"a,b,c,d\n" + b"[" * 3_000 + b",,,\n", [{"a": "[" * 3_000, "b": "", "c": "", "d": ""}]),
        (b"a sentence, with commas, and, words\n", []),
        (b"a,b\n1,2\n", []),
    ],
)
def test_tables_are_read_and_nothing_in_them_is_run(body: bytes, documents: list[object]) -> None:
    assert read_table(body) == documents
