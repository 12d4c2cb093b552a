"""A link says what it allows, to whom and until when, and cannot be changed."""

import pytest

from fairwatch.policy.links import Link, read_link
from tests.support.records import AT

KEY = b"k" * 32
LINK = Link("alert-1", "ACKNOWLEDGE", "control-room", AT)


def test_link_is_read_as_it_was_made():
    assert read_link(LINK.token(KEY), KEY) == LINK


def test_every_changed_character_makes_it_nobodys():
    token = LINK.token(KEY)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert read_link(changed, KEY) in (None, LINK), place  # the last characters hold bits that say nothing


@pytest.mark.parametrize("token", ["", ".", "a.b", "ü.ü", "x" * 100_000, LINK.token(b"other" * 8)])
def test_foreign_text_is_no_link(token):
    assert read_link(token, KEY) is None


def test_without_a_key_no_link_is_ours():
    assert read_link(LINK.token(b""), b"") is None
