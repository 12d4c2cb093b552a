"""`fairwatch audit`: check the chained audit log, prove what is in it, and take it out of Kafka."""

import typer

from fairwatch.cli.audit import proving, verifying


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Check and export the audit log.", no_args_is_help=True)
    app.add_typer(group, name="audit")
    group.command("verify")(verifying.verify_log)
    group.command("prove")(proving.prove_record)
    group.command("export")(verifying.export_log)
    group.command("checkpoint")(verifying.checkpoint_log)
