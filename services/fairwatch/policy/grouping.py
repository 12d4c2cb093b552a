"""The life of one alert group, as a value that passes through JSON: what was folded in, what is due, what was told."""

import copy
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from fairwatch.domain.ids import stable_id

SEVERITIES = ("UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME")
OVER = ("ENDED", "CANCELLED")
TRIGGER_LIMIT = 100
TRACE_LIMIT = 8
DEVICE_LIMIT = 100
LATEST = (
    "event_type",
    "title",
    "description",
    "category",
    "urgency",
    "certainty",
    "received_at",
    "device_name",
    "site_id",
    "site_name",
    "geo",
    "candidate_id",
    "entry_id",
    "authorisation_id",
    "verified_by",
    "media",
    "parameters",
    "exercise",
)


class Causes(Protocol):
    """Ids of what has begun and not ended, of any number; kept apart from the group, so that its value stays small."""

    def knows(self, identity: str) -> bool:
        """Tell whether an id was noted."""
        ...

    def note(self, identity: str) -> None:
        """Keep an id."""
        ...

    def forget(self, identity: str) -> None:
        """Take an id out."""
        ...


class Life:
    """One group.

    Args:
        value: {alert, firing, timing, told_at, changed_at, due, ended, traces}; times in microseconds. `alert` holds
            the next revision's content; its revision is the last one that was told, -1 for none; `firing` counts what
            has begun and not ended.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    @classmethod
    def stored(cls, value: dict[str, Any], causes: Causes) -> "Life":
        """Return a group as it was kept, also by an older version: that one named what was firing in the value itself.

        It also kept, without an alert, what was over; such a group is over here, too.
        """
        if value["alert"] is None:
            return cls.unborn()
        life, firing = cls(value), value["firing"]
        if isinstance(firing, list):
            value["firing"] = len(firing)
            for said in firing:
                causes.note(life._named(said))
        return life

    @classmethod
    def unborn(cls) -> "Life":
        """Return a group in which nothing has happened."""
        return cls({"alert": None})

    @property
    def is_over(self) -> bool:
        """Whether it has ended and was told, or has not begun."""
        return self.value["alert"] is None

    def take(
        self, trigger: Mapping[str, Any], now: int, timing: Mapping[str, int | None], causes: Causes
    ) -> Literal["taken", "nothing_open"]:
        """Fold a trigger in that was not folded in before: begin, go on or end."""
        begins = trigger.get("state", "NEW") not in OVER
        if not begins and (self.is_over or not causes.knows(self._cause(trigger))):
            return "nothing_open"
        self.value["timing"] = dict(timing)
        if begins:
            self._begin(trigger, now, causes)
        else:
            self._end_of_cause(trigger, now, causes)
        self.value["changed_at"] = now
        return "taken"

    def follow(self, trace: bytes) -> None:
        """Remember the `traceparent` of a trigger until the next revision."""
        self.value["traces"] = [*self.value.get("traces", ()), trace.decode()][-TRACE_LIMIT:]

    @property
    def causes(self) -> tuple[str, ...]:
        """The `traceparent` of each trigger since the last revision."""
        return tuple(self.value.get("traces", ()))

    def set_right(self, now: int) -> bool:
        """Take back what a clock that was ahead put off for longer than any wait; return whether there was such."""
        value = self.value
        if value["alert"] is None:
            return False
        ahead = [name for name in ("told_at", "changed_at") if (value[name] or 0) > now]
        value.update(dict.fromkeys(ahead, now))
        wait = max(value["timing"]["group_wait"], value["timing"]["group_interval"])
        late = value["due"] is not None and value["due"] > now + wait
        if late:
            first = value["alert"]["revision"] < 0
            value["due"] = now + value["timing"]["group_wait" if first else "group_interval"]
        return bool(ahead) or late

    def pass_time(self, now: int) -> None:
        """End when it has been quiet for long enough; repeat when nobody was told for long enough."""
        value = self.value
        if value["alert"] is None:
            return
        if value["ended"] is None and now >= value["changed_at"] + value["timing"]["resolve_after"]:
            value["ended"], value["due"] = "ENDED", now
            value["alert"]["ended_at"] = value["alert"]["updated_at"]
        elif value["due"] is None and (repeat := _repeat_at(value)) is not None and now >= repeat:
            value["due"] = now

    def issue(self, now: int) -> dict[str, Any] | None:
        """Return the next revision that is due, or None."""
        value = self.value
        if value["alert"] is None or value["due"] is None or now < value["due"]:
            return None
        first = value["alert"]["revision"] < 0
        if first and value["ended"] == "CANCELLED":  # taken back before anybody was told
            self._bury()
            return None
        value["alert"]["revision"] += 1
        value["alert"]["issued_at"] = now
        value["told_at"] = now
        value.pop("traces", None)
        state = "NEW" if first else value["ended"] or "UPDATED"
        alert = {**copy.deepcopy(value["alert"]), "state": state}
        if state == "NEW":
            alert["ended_at"] = None
        if value["ended"] is None:
            value["due"] = None
        elif not first:
            self._bury()
        return alert

    def _begin(self, trigger: Mapping[str, Any], now: int, causes: Causes) -> None:
        value = self.value
        if self.is_over:
            value.update(
                alert=_open(trigger), firing=0, told_at=None, ended=None, due=now + value["timing"]["group_wait"]
            )
        else:
            _merge(value["alert"], trigger)
            value["ended"] = None
            value["alert"]["ended_at"] = None
            if value["due"] is None:
                value["due"] = value["told_at"] + value["timing"]["group_interval"]
        cause = self._cause(trigger)
        if not causes.knows(cause):
            causes.note(cause)
            value["firing"] += 1

    def _end_of_cause(self, trigger: Mapping[str, Any], now: int, causes: Causes) -> None:
        value = self.value
        causes.forget(self._cause(trigger))
        value["firing"] -= 1
        alert = value["alert"]
        alert["updated_at"] = max(alert["updated_at"], trigger["updated_at"])
        alert["received_at"] = trigger["received_at"]
        alert["triggers"] = [*alert["triggers"], *trigger["triggers"]][-TRIGGER_LIMIT:]
        # What was revoked must not be shown again: it takes the alert that shows it along.
        withdrawn = trigger["state"] == "CANCELLED" and trigger.get("candidate_id") == alert.get("candidate_id")
        if value["firing"] and not withdrawn:
            return
        alert["ended_at"] = alert["updated_at"]
        value["ended"] = trigger["state"]
        value["due"] = now if alert["revision"] >= 0 else value["due"]

    def _bury(self) -> None:
        self.value = {"alert": None}

    def _cause(self, trigger: Mapping[str, Any]) -> str:
        """Name what raised it, so that its end is recognised: the candidate, else the device and what it said."""
        device = next(iter(trigger.get("device_ids", ())), "")
        said = trigger.get("candidate_id") or f"{device}|{trigger['event_type']}"
        return self._named(said)

    def _named(self, said: str) -> str:
        return f"firing|{self.value['alert']['alert_id']}|{said}"


def due_at(value: Mapping[str, Any]) -> int:
    """Return when a group has to be looked at next, in microseconds; at once where an older version kept it."""
    if value["alert"] is None or isinstance(value["firing"], list):
        return 0
    quiet = value["changed_at"] + value["timing"]["resolve_after"]
    return min(int(moment) for moment in (quiet, value["due"], _repeat_at(value)) if moment is not None)


def _repeat_at(value: Mapping[str, Any]) -> int | None:
    repeat, told_at = value["timing"]["repeat_interval"], value["told_at"]
    return None if repeat is None or told_at is None else int(told_at + repeat)


def _open(trigger: Mapping[str, Any]) -> dict[str, Any]:
    first = trigger["alert_id"]
    return {
        **copy.deepcopy(dict(trigger)),
        "alert_id": stable_id("alert", trigger["group"], first),
        "revision": -1,
        "count": 1,
    }


def _merge(alert: dict[str, Any], trigger: Mapping[str, Any]) -> None:
    alert.update({name: copy.deepcopy(trigger[name]) for name in LATEST if name in trigger})
    alert["count"] += 1
    alert["started_at"] = min(alert["started_at"], trigger["started_at"])
    alert["updated_at"] = max(alert["updated_at"], trigger["updated_at"])
    alert["severity"] = max(alert.get("severity", "UNKNOWN"), trigger.get("severity", "UNKNOWN"), key=SEVERITIES.index)
    alert["triggers"] = [*alert["triggers"], *trigger["triggers"]][-TRIGGER_LIMIT:]
    for name, limit in (("device_ids", DEVICE_LIMIT), ("zones", DEVICE_LIMIT), ("receivers", DEVICE_LIMIT)):
        alert[name] = list(dict.fromkeys([*alert.get(name, ()), *trigger.get(name, ())]))[:limit]
