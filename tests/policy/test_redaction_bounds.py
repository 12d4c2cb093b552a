"""Up to which length names, values and texts are looked at, and what counts as taken out."""

import pytest

from fairwatch.policy.protected import is_soft_biometric, redact_bytes, redact_text, redact_tree
from fairwatch.policy.redaction import _MOST_NAMES, _names_below, is_attribute_name, is_proxy_value


@pytest.mark.parametrize(
    "key",
    ["name", "Key", "attribute", "attributeName", "attribute_type", "attr", "field", "property", "type",
     "layerName", "category", "description"],
)  # fmt: skip
def test_a_pair_whose_name_is_protected_goes_whatever_the_name_is_called(key):
    kept = {key: "helmet", "value": "red"}
    assert redact_tree({"list": [{key: "emotion", "value": "red"}, kept]}) == ({"list": [kept]}, 1)
    assert redact_tree({"one": {key: "emotion", "value": "red"}}) == ({}, 1)


@pytest.mark.parametrize("name", ["called", "x" * 65])
def test_a_pair_of_something_else_stays(name):
    pair = {name: "emotion", "value": "red"}
    assert redact_tree({"list": [pair]}) == ({"list": [pair]}, 0)


def test_values_are_looked_at_up_to_64_characters():
    longest = "hijab".ljust(64, "_")
    assert is_proxy_value(longest)
    assert not is_proxy_value(longest + "_")
    assert not is_proxy_value("")
    assert redact_tree({"hat": longest}) == ({}, 1)
    assert redact_tree({"hat": longest + "_"}) == ({"hat": longest + "_"}, 0)
    named = "emotion".ljust(64)
    assert is_attribute_name(named)
    assert not is_attribute_name(named + " ")


def test_texts_are_looked_at_up_to_20_000_characters_and_pictures_are_not():
    said = "Emotion: happy, "
    assert redact_text(said + "x" * (20_000 - len(said))) == ("x" * (20_000 - len(said)), 1)
    picture = said + "x" * (20_001 - len(said))
    assert redact_text(picture) == (picture, 0)


def test_a_text_of_any_length_between_loses_each_label():
    text = "Emotion: happy, Hat: yes; Race: x; " * 20
    assert redact_text(text) == ("Hat: yes; " * 20, 40)


def test_trees_are_looked_at_200_levels_deep_and_what_lies_deeper_goes():
    def nested(depth):
        tree = "x"
        for _ in range(depth):
            tree = [tree]
        return tree

    assert redact_tree(nested(201)) == (nested(201), 0)
    assert redact_tree([nested(202)])[1] == 1


def test_numbers_and_nothing_stay_where_their_name_says_nothing():
    tree = {"n": 1, "f": 1.5, "yes": True, "none": None, "digits": "123", "list": [1, None, "x"]}
    assert redact_tree(tree) == (tree, 0)


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        ('<a><b name="emotion">x</b><c/></a>', b"<a><c/></a>"),
        ('<a><b Name="Emotion" Value="x"/><c/></a>', b"<a><c/></a>"),
        ('<a><b name="helmet">x</b><c/></a>', b'<a><b name="helmet">x</b><c/></a>'),
        ('<a><b Value="hijab"/>tail<c/></a>', b"<a><c/></a>"),
        ("<a><k/><b>hijab</b>tail<c/></a>", b"<a><k/>tail<c/></a>"),
        ('<a><Emotion>x</Emotion><b race="x" lane="2">Emotion: sad, ok</b></a>', b'<a><b lane="2">ok</b></a>'),
    ],
)
def test_elements_and_attributes_go_by_their_names_and_values(element, kept):
    assert redact_bytes(element.encode()) == (kept, True)


def test_comments_and_instructions_go_for_nobody_can_say_what_they_hold():
    assert redact_bytes(b"<a><!-- race: x --><?emotion sad?><b>1</b></a>") == (b"<a><b>1</b></a>", True)


@pytest.mark.parametrize("name", ["age/0", "face.age.12", "0/age", "age/"])
def test_places_in_a_list_are_no_names(name):
    assert is_soft_biometric(name)


def test_hostile_names_do_not_fill_memory():
    path = "hostile names"
    redact_tree({f"n{number}": [] for number in range(2 * _MOST_NAMES)}, enclosing=path)
    assert len(_names_below(path, False)) == _MOST_NAMES
    assert redact_tree({"emotion": "sad", "n1": 1}, enclosing=path) == ({"n1": 1}, 1), "and are judged all the same"
