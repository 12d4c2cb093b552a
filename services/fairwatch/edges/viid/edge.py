"""The edge that serves the interface of GA/T 1400."""

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Door, Ground, Served
from fairwatch.edges.reception import Reception
from fairwatch.edges.viid.gateway import VisualGateway
from fairwatch.edges.viid.replies import Replies
from fairwatch.stores.viid_sessions import CountedSessions, MemorySessions, RedisSessions


class Options(FromEnvironment):
    """What an operator can set about it."""

    viid_server_id: str = Field(default="00000000005030000001", pattern=r"^\d{20}$", description="our own id")
    viid_time_zone: str = Field(
        default="Asia/Shanghai",
        description="IANA zone of the times told to GA/T 1400 devices, which set their clocks by it",
    )
    viid_session_s: float = Field(default=300, gt=0, description="life of a session after its last request")

    @field_validator("viid_time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            raise ValueError("must be an IANA zone such as Asia/Shanghai") from None


def serve(ground: Ground, door: Door) -> Served:
    """Make what is served; replicas share sessions where they have a Redis."""
    clock, options = ground.clock, ground.options
    kept = RedisSessions(door.redis, clock) if door.redis else MemorySessions(clock)
    sessions = CountedSessions(kept, clock)
    gateway = VisualGateway(
        devices=ground.devices,
        doorkeeper=door.keeper,
        sessions=sessions,
        reception=Reception(ground.name, ground.intake, door),
        replies=Replies(clock, options.viid_time_zone, options.viid_server_id),
        clock=clock,
        session_s=options.viid_session_s,
    )
    return Served(gateway.application(), sessions.count)
