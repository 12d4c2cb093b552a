"""The edge that takes webhooks and WS-BaseNotification."""

from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Door, Ground, Served
from fairwatch.edges.http.gateway import HttpGateway
from fairwatch.edges.reception import Reception


class Options(FromEnvironment):
    """None of its own."""


def serve(ground: Ground, door: Door) -> Served:
    """Make what is served."""
    return Served(HttpGateway(door.keeper, Reception(ground.name, ground.intake, door)).application())
