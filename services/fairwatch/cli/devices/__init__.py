"""`fairwatch devices`: who may send, where it stands, its names."""

import typer

from fairwatch.cli.devices import adding, importing, lists, names, showing, switching, testing


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="devices", help="Registers devices; a change holds at once.", no_args_is_help=True)
    group.command("add")(adding.add)
    group.command("import")(importing.import_)
    group.command("list")(showing.list_)
    group.command("show")(showing.show)
    group.command("names")(names.names)
    group.command("test")(testing.tell)
    group.command("disable")(switching.disable)
    group.command("enable")(switching.enable)
    group.add_typer(lists.group())
    app.add_typer(group)
