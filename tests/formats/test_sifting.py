"""The one walk finds what screening, redaction and the collecting of leftovers find one after another."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.language import sifting
from fairwatch.formats.language.program import MessageProgram, collected, redacted
from fairwatch.formats.payload import Payload
from fairwatch.policy import protected_terms
from fairwatch.policy.redaction import redact_tree
from fairwatch.policy.screening import Screen, is_suspect_text

# Formats that have every shape of message between them: lists in lists, wholes, named items, rows of the document.
SHAPES = ("frigate", "gat1400", "hikvision-isapi", "onvif-event", "onvif-metadata", "scenescape", "unifi-protect")
MESSAGES = {
    f"{one.name}/{program.message.name}": program
    for one in formats().values()
    if one.name in SHAPES
    for program in one.program.messages
    if not program.message.skip
}
PROTECTED = ("emotion", "age", "GenderCode", "race", "smile", "password", "IDType", "personId", "CoatStyle", "nation")
VALUES = ("", "7", "02", "happy", "Emotion: happy", "woman_with_hijab", "race", "2026-01-02T03:04:05Z", "/9j/4AAQ")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(0, 1), st.sampled_from(VALUES))


def names_of(program: MessageProgram) -> list[str]:
    """Return every name that the rows of a message know."""
    found: set[str] = {name for text in program.message.each for name in text.split(".")}
    left = [*program.usages]
    while left:
        usage = left.pop()
        found |= usage.children.keys()
        left += [*usage.children.values(), *usage.selected.values()]
    return sorted(found)


def documents(program: MessageProgram) -> st.SearchStrategy[dict[str, Any]]:
    """Return documents of known, protected and unknown names, with the items of the message where they belong."""
    names = st.sampled_from([*names_of(program), *PROTECTED, "Name", "unknown", "description", "#text"])
    trees = st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=6)),
        max_leaves=20,
    )
    found = st.dictionaries(names, trees, max_size=8)
    for text in reversed(program.message.each):
        for name in reversed(text.split(".")):
            inner = st.one_of(found, st.lists(found, min_size=1, max_size=2), trees)
            found = st.builds(lambda own, item, name=name: {**own, name: item}, st.dictionaries(names, trees), inner)
    return found


def leftovers(program: MessageProgram, root: Any) -> Any:
    try:
        return collected(program, root, program.scopes(root))
    except RejectedError:
        return None


@pytest.mark.parametrize("name", sorted(MESSAGES))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), soft=st.booleans())
def test_the_walk_finds_what_the_straight_way_finds(name: str, data: st.DataObject, soft: bool) -> None:
    program = MESSAGES[name]
    root = data.draw(documents(program))
    straight, before = copy.deepcopy(root), copy.deepcopy(root)
    screen = Screen(soft_biometrics=soft)
    counts = redacted(straight, program, screen) if screen.suspects(straight) else {}
    sifted = program.sieves[soft].sift(root, program.scopes(root))
    if sifted is None:
        assert root == before
        return
    withheld = {"description", "metadata"}  # taken out after the walk, which leaves them alone
    assert root == straight
    assert {at: count for at, count in sifted.removed.items() if count} == {
        at: one for at, one in counts.items() if one
    }
    assert bool(sifted.removed) == bool(counts)
    for found, expected in zip(sifted.leftovers, leftovers(program, straight), strict=True):
        assert found.items() <= expected.items()
        assert all(withheld & set(missing.split(".")) for missing in expected.keys() - found.keys())
    assert redact_tree(root, soft_biometrics=soft)[1] == 0


def test_a_name_beside_an_identity_mark_goes_even_if_the_mark_is_null() -> None:
    program = MESSAGES["gat1400/alert"]
    root = {"Extra": {"IDType": None, "AlertState": None, "Name": "Somebody"}}
    screen = Screen(soft_biometrics=False)
    assert screen.suspects(root)
    assert program.sieves[False].sift(root, program.scopes(root)) is None
    assert redacted(root, program, screen)
    assert root == {"Extra": {"AlertState": None}}
    assert not screen.suspects({"Extra": {"AlertState": None, "Name": "Gate 3"}})


def test_most_documents_need_no_second_look() -> None:
    program = MESSAGES["gat1400/face"]
    root = {"Kind": "Face", "FaceID": "1", "IDType": "111", "AgeUpLimit": 30, "Mine": 3, "CapStyle": "2"}
    sifted = program.sieves[False].sift(root, program.scopes(root))
    assert sifted is not None
    assert sifted.leftovers == [{"Mine": "3"}]
    assert sifted.removed == {-1: 2}
    assert root == {"Kind": "Face", "FaceID": "1", "Mine": 3, "CapStyle": "2"}


def test_what_is_remembered_is_bounded() -> None:
    program = MESSAGES["frigate/flat_event"]
    sieve = program.sieves[False]
    for start in range(0, 20_000, 1_000):
        root = {f"n{number}": f"text {number}" for number in range(start, start + 1_000)}
        assert sieve.sift(root, program.scopes(root)) is not None
    assert len(sieve._places[0].names) <= sifting._MOST_NAMES + 1
    texts = sifting.Texts()
    for number in range(100_000):
        texts.add(str(number))
    assert len(texts.known) < 100_000


def test_texts_without_three_letters_say_nothing() -> None:
    """The walk passes them by: no term in Latin letters may be that short."""
    lists = (
        *(protected_terms.STEMS, protected_terms.WORDS, protected_terms.NAMES, protected_terms.SOFT_BIOMETRICS),
        *(protected_terms.SECRETS, protected_terms.PROXY_VALUES, protected_terms.PROXY_VALUE_WORDS),
    )
    short = [term for terms in lists for term in terms if term.isascii() and sum(map(str.isalpha, term)) < 3]
    assert short == []
    assert not is_suspect_text("1767225600.12-x9k2")
    assert is_suspect_text("s-e-x")


@pytest.mark.parametrize("items", [b'"Emotion: happy"', b"[1]", b"true", b'[{"age":3},"hijab"]'])
def test_items_that_are_no_objects_are_read_as_nothing(items: bytes) -> None:
    body = b'{"eventType":"x","dateTime":"2026-03-04T09:00:01Z","race":1,"alarmResult":[{"faces":%s}]}' % items
    records = decode(Payload(body, received_at=1), "hikvision-isapi").records
    assert records
    assert not any(word in str(records) for word in ("happy", "hijab", "race"))
