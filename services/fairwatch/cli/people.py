"""`fairwatch people`: who may sign in to the console."""

import typer

from fairwatch.console.people import hash_password


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="people", help="Who may sign in to the console.", no_args_is_help=True)
    group.command("hash")(_hash)
    group.callback()(lambda: None)  # keeps `hash` a word of its own while it is alone
    app.add_typer(group)


def _hash() -> None:
    """Ask for a password twice and print its hash for people.yaml; the password is never an argument."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    typer.echo(hash_password(password))
