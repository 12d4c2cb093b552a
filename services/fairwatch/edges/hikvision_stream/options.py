"""What an operator says of a device whose stream is read."""

from typing import Annotated

from pydantic import Field, StringConstraints

from fairwatch.edges.auth.accounts import Account

PATH = "/ISAPI/Event/notification/alertStream"


class AlertStream(Account):
    """Where the stream is, and as whom to ask for it."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/@\s]+/?$")] = Field(
        description="scheme, host and port of the device; credentials do not belong here"
    )
    path: Annotated[str, StringConstraints(pattern=r"^/\S+$")] = PATH
    silence_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="it sends a heartbeat every few seconds; after so long without anything it is silent"
    )
    verify_tls: bool = Field(True, description="false for a device whose certificate nobody has signed")
