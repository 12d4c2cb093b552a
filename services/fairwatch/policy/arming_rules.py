"""What the rules say of arming sites."""

from typing import Any

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

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """Take `off` as it is written: YAML reads it as false unless it is quoted."""
        if not isinstance(value, dict):
            return value
        return {"off" if name is False else name: each for name, each in value.items()}

    @model_validator(mode="after")
    def _names_devices(self) -> "Arming":
        if any(match is not None and not match.devices for match in (self.by, self.off)):
            raise ValueError("arming: by and off have to name devices: not everything that sends may disarm a site")
        return self
