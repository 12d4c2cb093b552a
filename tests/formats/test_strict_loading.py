"""A declaration is judged when it is loaded: all faults at once, with file, line and message, and it stops no other."""

from pathlib import Path

import pytest

from fairwatch.formats.catalogue import library
from fairwatch.formats.loading import load_library
from fairwatch.wire.kinds.tables import load_tables
from fairwatch.wire.kinds.vocabularies import vocabularies

GOOD = """format: {name}
title: Good
recognise:
  - {{syntax: json, when: {{{name}: true}}}}
messages:
  - name: seen
    rows:
      event_type: {{value: motion.region}}
      confidence: {{path: score, as: percent}}
    keep: {{odd: number}}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[tuple[int, str, str]]:
    write(folder, "wrong", text)
    write(folder, "zebra", GOOD.format(name="zebra"))
    loaded = load_library(folder)
    assert list(loaded.formats) == ["zebra"], "a fault stops no other format"
    return [(fault.line, fault.message, fault.what) for fault in loaded.faults]


ROW = "      confidence: {path: score, as: percent}"
WRONG = GOOD.format(name="wrong")


def test_our_own_formats_are_sound() -> None:
    assert library().faults == ()
    assert len(library().formats) > 25


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "what"),
    [
        ("title: Good", "title: [", 3, "", "not YAML"),
        ("title: Good", "titel: Good", 2, "", "titel"),
        ("format: wrong", "format: right", 1, "", "named as its file"),
        ("format: wrong", "format: Wrong", 1, "", "format"),
        ("value: motion.region", "value: motion.regoin", 8, "seen", "no event type is named 'motion.regoin'"),
        ("value: motion.region", "value: motion.region, path: x", 8, "seen", "exactly one"),
        ("as: percent", "as: percents", 9, "seen", "no converter is named 'percents'"),
        ("as: percent", "as: percent 1 2 3", 9, "seen", "converter 'percent 1 2 3'"),
        ("path: score", "path: 'a[b'", 9, "seen", "is not a path"),
        ("confidence:", "confidense:", 9, "seen", "no field 'confidense'"),
        ("confidence: {path", "confidence: {whenn: 1, path", 9, "seen", "whenn"),
        ("odd: number", "odd: words", 10, "seen", "kept field"),
        ("odd: number", "odd: code", 10, "seen", "kept field"),
        ("odd: number", "odd: code nobody:mood", 10, "seen", "vocabulary/codes has a table of nobody:mood"),
        (ROW, "      event_code: {path: c, as: code nobody:mood}", 9, "seen", "a table of nobody:mood"),
        (ROW, "      class_code: {path: c, as: 'label_code nobody:label'}", 9, "seen", "a table of nobody:label"),
        (ROW, "      vehicle.colour: {path: c, as: 'colour_word nobody:hue'}", 9, "seen", "a table of nobody:hue"),
        (ROW, "      plates: {rows: {text: p, type_code: {path: t, as: known_code x:y}}}", 9, "seen", "a table of x:y"),
        (ROW, f"{ROW}\n    writes: {{event_code.system: 'nobody:mood'}}", 10, "seen", "a table of nobody:mood"),
        ("score, as: percent}", "score, as: percent, each: x}", 9, "seen", "each"),
        (ROW, "      plates: {rows: {raw: nr}}", 9, "seen", "text must be there"),
        (ROW, "      plates: {rows: {text: nr, txt: x}}", 9, "seen", "'txt'"),
        (ROW, "      extensions.a: b", 9, "seen", "kept KIND"),
        (ROW, "      object_class: {value: HUMAN}", 9, "seen", "HUMAN"),
        (
            ROW,
            "      confidence:\n        - {value: 1}\n        - {path: score}",
            11,
            "seen",
            "can never be read",
        ),
        ("messages:\n", "messages:\n  - {name: all, skip: all}\n", 7, "seen", "no document gets here"),
        ("messages:\n", "messages:\n  - {name: seen, when: {a: true}, skip: x}\n", 7, "seen", "the name seen too"),
        ("  - name: seen\n", "  - name: seen\n    also: [other]\n", 7, "seen", "no message is named other"),
        ("  - name: seen\n", "  - name: seen\n    use: [other]\n", 7, "seen", "unknown groups"),
        ("  - name: seen\n", "  - name: seen\n    type: Observatoin\n", 7, "seen", "Observatoin"),
        ("  - name: seen\n", "  - name: seen\n    writes: {event_tpye: x}\n", 7, "seen", "event_tpye"),
        ("  - name: seen\n", "  - name: seen\n    skip: x\n", 6, "seen", "either rows or a reason"),
        ("  - name: seen\n", "  - name: seen\n    each: ['a[']\n", 7, "seen", "is not a path"),
        ("  - name: seen\n", "  - name: seen\n    identity: ['a[']\n", 7, "seen", "is not a path"),
        ("  - {syntax: json, when: {wrong: true}}", "  []", 4, "", "nothing is ever recognised"),
        ("  - {syntax: json, when: {wrong: true}}", "  - {syntax: jsn}", 4, "", "syntax"),
        ("when: {wrong: true}", "when: {zebra: true}", 3, "", "claims the same json documents"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_message(
    tmp_path: Path, old: str, new: str, line: int, message: str, what: str
) -> None:
    assert old in WRONG
    if "zebra" in new:
        write(tmp_path, "wrong", WRONG.replace(old, new))
        write(tmp_path, "zebra", GOOD.format(name="zebra"))
        loaded = load_library(tmp_path)
        assert list(loaded.formats) == ["wrong"]
        assert what in loaded.faults[0].what
        return
    found = faults(tmp_path, WRONG.replace(old, new))
    assert any(what in one[2] and one[1] == message and abs(one[0] - line) <= 1 for one in found), found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = WRONG.replace("motion.region", "nothing").replace("as: percent", "as: none").replace("number", "words")
    assert len(faults(tmp_path, text)) == 3


def test_a_fault_in_an_included_part_is_told_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "wrong" / "parts").mkdir(parents=True)
    part = "messages:\n  - name: more\n    when: {more: true}\n    rows: {event_type: {value: nothing}}\n"
    (tmp_path / "wrong" / "parts" / "more.yaml").write_text(part, encoding="utf-8")
    head = "include: parts/more\n" + WRONG.replace("  - name: seen\n", "  - name: seen\n    when: {wrong: true}\n")
    write(tmp_path, "wrong", head)
    (fault,) = load_library(tmp_path).faults
    assert (fault.file.name, fault.line, fault.message) == ("more.yaml", 4, "more")


def test_a_file_that_is_no_declaration_costs_itself_only(tmp_path: Path) -> None:
    write(tmp_path, "wrong", "- a list\n- of things\n")
    write(tmp_path, "zebra", GOOD.format(name="zebra"))
    loaded = load_library(tmp_path)
    assert (list(loaded.formats), len(loaded.faults)) == (["zebra"], 1)


def test_a_fault_in_the_words_that_all_formats_share_is_told_once(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        write(tmp_path, name, GOOD.format(name=name))
    codes = tmp_path / "codes"
    codes.mkdir()
    (codes / "maker.yaml").write_text(
        "maker: Maker\nabout: Labels.\nsystems:\n  maker:label: {of: [no-such-words]}\n", encoding="utf-8"
    )

    loaded = load_library(tmp_path, lambda: load_tables(codes, vocabularies()))

    assert (loaded.formats, len(loaded.faults)) == ({}, 1)
    assert str(loaded.faults[0]) == "maker.yaml:4: no vocabulary is named 'no-such-words'"
