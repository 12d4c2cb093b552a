"""`fairwatch keys`: keys that sign what people do, and whom an administrator vouches for."""

import asyncio
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import keys
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import operator
from fairwatch.apps.vouched import people_to_publish, vouched
from fairwatch.cli.keys import master
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import SigningKey
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.vouching import revoked, vouch_key

FOLDER = typer.Argument(help="Of admin.pem, console.pem, retain.pem, trust.yaml; what is there already is kept.")
ADMIN = typer.Option(..., "--admin-key", help="The administrator's private key, admin.pem.")
NEW = typer.Argument(help="File of the new private key; made where it is missing.")
DEVICES = typer.Option(..., "--device", help="Id of a device, or a pattern: gate-*.")
HOLDER = typer.Option("console", "--holder", help="Who will have the private key.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Keys that sign what people do, and the people.", no_args_is_help=True)
    app.add_typer(group, name="keys")
    for name, command in (
        ("init", init),
        ("producer", producer),
        ("rotate", rotate),
        ("revoke", revoke),
        ("people", people),
        ("list", show),
    ):
        group.command(name)(command)
    master.register(group)


def init(folder: Path = FOLDER) -> None:
    """Make the keys of the administrator, the console and `retain`, and register the console's.

    Keep admin.pem away from the hub; give console.pem to the console and retain.pem to `retain`, each as its
    FAIRWATCH_SIGNING_KEY_FILE, and put trust.yaml into the configuration folder of every component.
    """
    admin, console = keys.make_files(folder)
    known = vouched(settings(), admin.public).key(console.public.key_id)
    record = known or vouch_key(admin, console.public, "console", at=SystemClock().now())
    if keys.known_keys(settings()).get(record["key_id"]) != record:  # nobody knows it, or somebody wrote over it
        asyncio.run(keys.publish(settings(), [record], [], operator()))
    typer.echo(f"{console.public.key_id} registered; {folder / keys.ADMIN} belongs in a safe, not on the hub")


def producer(
    new: Path = NEW,
    admin_key: Path = ADMIN,
    holder: str = typer.Option(..., "--holder", help="Who will have the private key, e.g. the name of the program."),
    devices: list[str] = DEVICES,
) -> None:
    """Bind devices to a producer: what they see counts only where this key signed it.

    The SDK signs with `Producer(signing_key=...)`. Any key of a device counts, so that one can be changed.
    """
    admin, at = keys.administrator(admin_key, settings()), SystemClock().now()
    if not new.exists():
        PrivateKey.generate().write(new)
    made = vouch_key(admin, PrivateKey.load(new).public, holder, at=at, devices=devices)
    asyncio.run(keys.publish(settings(), [made], [], operator()))
    typer.echo(f"{made['key_id']} signs for {', '.join(devices)}")


def rotate(
    old: str = typer.Argument(help="Id of the key that ends, see `list`."),
    new: Path = NEW,
    admin_key: Path = ADMIN,
    holder: str = HOLDER,
    person: str = typer.Option("", "--person", help="Name of the one person whom it may speak for."),
) -> None:
    """Register a new key, then end the old one: what it signed until now stands."""
    admin, at = keys.administrator(admin_key, settings()), SystemClock().now()
    ended = _key(old, admin)
    if not new.exists():
        PrivateKey.generate().write(new)
    made = vouch_key(admin, PrivateKey.load(new).public, holder, at=at, name=person)
    asyncio.run(keys.publish(settings(), [made, revoked(admin, ended, at=at, reason="rotated")], [], operator()))
    typer.echo(f"{made['key_id']} in the place of {old}")
    _remember(old, at)


def revoke(
    key_id: str = typer.Argument(help="See `list`."),
    admin_key: Path = ADMIN,
    reason: str = typer.Option(..., "--reason", help="Why; audited."),
    stolen: bool = typer.Option(False, "--void", help="What it signed before does not stand either."),
) -> None:
    """End a key: what it signed before stands, what comes after does not."""
    admin = keys.administrator(admin_key, settings())
    record = revoked(admin, _key(key_id, admin), at=SystemClock().now(), reason=reason, void=stolen)
    asyncio.run(keys.publish(settings(), [record], [], operator()))
    typer.echo(f"{key_id} revoked")
    _remember(key_id, 0 if stolen else record["issued_at"])


def people(admin_key: Path = ADMIN) -> None:
    """Vouch for the people of people.yaml with their roles; who is no longer there has ended."""
    from fairwatch.console.people import People  # noqa: PLC0415  argon2 for this command only

    admin, chosen = keys.administrator(admin_key, settings()), settings()
    wanted = {person.name: sorted(person.roles) for person in People.load(chosen.config_dir / "people.yaml")}
    found = people_to_publish(chosen, admin, wanted)
    asyncio.run(keys.publish(chosen, [], found, operator()))
    for person in found:
        typer.echo(f"{person['name']}: {'ended' if person.get('until') else ', '.join(person['roles'])}")
    typer.echo(f"{len(found)} of {len(wanted)} changed")


def show() -> None:
    """Show every key of the topic: whose it is, since when, until when, and who vouches for it, or only seems to."""
    table = Table("key", "holder", "from", "revoked", "why", "administrator", box=None)
    registered = vouched(settings())
    for record in sorted(keys.known_keys(settings()).values(), key=lambda one: one["valid_from"]):
        genuine = registered.key(record["key_id"]) == record
        issuer = shown(record["issuer"]) if genuine else f"[red]{shown(record['issuer'])} did not sign it[/]"
        times = (str(record["valid_from"]), str(record.get("revoked_at") or ""))
        table.add_row(shown(record["key_id"]), shown(record["holder"]), *times, shown(record.get("reason", "")), issuer)
    Console().print(table)


def _key(key_id: str, admin: PrivateKey) -> SigningKey:
    """Return a registered key; never one that merely lies on the topic, which the end that we sign would register."""
    found = vouched(settings(), admin.public).key(key_id)
    if found is None and key_id in keys.known_keys(settings()):
        what = f"no administrator vouches for {key_id}: it signs nothing, and its end would make stand what it signed"
        raise ConfigurationError(
            f"{what}; is it yours, and written over: write `revoked: {{{key_id}: 0}}` into trust.yaml"
        )
    if found is None:
        raise ConfigurationError(f"there is no key {key_id!r}: see `fairwatch keys list`")
    return found


def _remember(key_id: str, at: int) -> None:
    path = settings().config_dir / keys.ANCHORS
    done = keys.remember_ended(path, key_id, at)
    what = (
        f"{path} says so too: take it" if done else f"write `revoked: {{{key_id}: {at}}}` into trust.yaml and take it"
    )
    typer.echo(f"{what} to every component, so that no older record brings the key back")
