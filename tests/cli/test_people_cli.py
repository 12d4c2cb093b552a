"""`fairwatch people hash` makes what people.yaml takes."""

import typer
from typer.testing import CliRunner

from fairwatch.cli.people import register
from fairwatch.console.people import Person
from fairwatch.domain.errors import ConfigurationError


def test_hash_is_accepted_by_the_file_and_the_password_is_not_shown() -> None:
    app = typer.Typer()
    register(app)
    password = "a long enough one"
    result = CliRunner().invoke(app, ["people", "hash"], input=f"{password}\n{password}\n")
    assert result.exit_code == 0
    assert password not in result.output
    made = result.stdout.strip().splitlines()[-1]
    assert Person(name="ann", display_name="Ann", roles=frozenset({"reviewer"}), password_hash=made)
    short = CliRunner().invoke(app, ["people", "hash"], input="short\nshort\n")
    assert isinstance(short.exception, ConfigurationError)
