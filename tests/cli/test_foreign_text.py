"""What devices and producers write is shown as it is: it colours nothing, moves no cursor and stops no command."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from fairwatch.apps.printing import shown
from fairwatch.cli.tail import _print

HOSTILE = [
    *("[/]", "[/bold]", "[red]alarm", "cam [1]", "a\\", "\\[x]"),
    *("[link=file:///etc]x[/link]", "\x1b[2J\x1b]0;t\x07", "\u202e\r"),
]


def printed(*parts):
    out = io.StringIO()
    Console(file=out, width=400, soft_wrap=True).print(*parts, highlight=False)
    return out.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_it_is(text):
    visible = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    assert printed(f"[bold]{shown(text)}[/] end") == f"{visible} end\n"
    table = Table.grid()
    table.add_row(shown(text))
    assert printed(table).strip().replace("\\\\", "\\") == visible.strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_record_of_hostile_texts_is_tailed(text):
    about = {"topic": "t", "partition": 0, "offset": 1, "at": "now", "key": text, "headers": {}}
    out = io.StringIO()
    console = Console(file=out, width=400, soft_wrap=True)
    _print(console, {**about, "type": "Observation", "record": {"device_id": text, "title": text}})
    _print(console, {**about, "type": None, "record": None, "reason": "malformed", "detail": text})
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("t/0@1") == 2
