"""What the rules say of arming sites."""

from pydantic import model_validator

from fairwatch.policy.rule_options import Match
from fairwatch.policy.strict import Strict

ARMED, DISARMED = "site.armed", "site.disarmed"  # stand where the name of a time interval may


class Arming(Strict):
    """What arms sites: a schedule, and events of named devices; the end of `by` disarms, or an event of `off`."""

    sites: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()
    by: Match | None = None
    off: Match | None = None

    @model_validator(mode="after")
    def _names_devices(self) -> "Arming":
        if any(match is not None and not match.devices for match in (self.by, self.off)):
            raise ValueError("arming: by and off have to name devices: not everything that sends may disarm a site")
        return self
