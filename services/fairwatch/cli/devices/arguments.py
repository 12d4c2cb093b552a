"""Arguments that several commands of the group share."""

import time
from typing import Annotated

import typer

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.sealing import Seal
from fairwatch.policy.duration import duration

DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Id of the device.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is audited. A name that is asked about needs one.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Since = Annotated[str, typer.Option("--since", help="How far back to look: 10m, 2h.")]


def since_ms(text: str) -> int:
    """Return when a span before now began, in milliseconds since 1970 UTC."""
    try:
        span = duration(text)
    except ValueError as error:
        raise ConfigurationError(f"--since: {error}") from error
    return round((time.time() - span.total_seconds()) * 1000)


def seal_of(settings: Settings) -> Seal | None:
    """Return what seals passwords, None where no secret is set."""
    secret = settings.devices_secret.get_secret_value()
    return Seal(secret) if secret else None
