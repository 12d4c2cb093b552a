"""The life of one alert: what was folded in, what holds, what is due, what was told; a value that passes through JSON.

Whoever is told hears of a beginning after `group_wait`, then of changes at most once in each `group_interval`: what
began, what ended, what rose or spread. That something goes on is no change. An alert ends when the last of its causes
has, and its end is told like any change; but one that began again since the last word is over only when it has been so
for an interval, so that a group that goes on and off is one alert that says how often. Only what was taken back, a
revoked match, is told at once: it is among the causes and in the count no more, and nothing else is said of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from fairwatch.policy import escalating, matches
from fairwatch.policy.alert_content import OF_THE_RULE, TRIGGER_LIMIT, merge, opened, together
from fairwatch.policy.causes import Cause, CauseBook, Kind, cause_of, plain_name, tells_of_its_beginning
from fairwatch.policy.deeds import Objection, note, objection
from fairwatch.policy.escalations import NONE, Escalations
from fairwatch.policy.group_due import escalates_at, repeat_at, silent_at
from fairwatch.policy.told_causes import CAUSE_LIMIT, told_causes

OVER = ("ENDED", "CANCELLED")
TRACE_LIMIT = 8
SECOND = 1_000_000
OF_TIME = ("group.seconds", "history.")  # what `tell_when` may ask for that changes by itself
Timing = dict[str, Any]  # a rule's waits in microseconds, what else it wants of a group, and which rules these are
Verdict = Literal["taken", "goes_on", "nothing_open"]
Tells = Callable[["AlertGroup", int], bool]
HeldUntil = Callable[[Mapping[str, Any], int], int | None]


class AlertGroup:
    """One group and the alert that is open in it.

    Args:
        value: {alert, timing, told_at, heard_at, lasts_from, tracks_from, due, ended, gone, changes, flaps, traces,
            aside}; times in microseconds. `alert` holds the next revision's content, its revision is the last one that
            was told, -1 for none; `heard_at` is when a moment or track was last heard of, `lasts_from` when the
            condition was that has been silent longest, `tracks_from` the track, or earlier; `gone` lists causes that
            ended since the last revision; `flaps` counts how often it began again since then, `changes` in all;
            `matches` counts by candidate; `parties` are the devices of each cause in `gone` that has several;
            `escalation` is who is told next if nobody answers; `aside` is for whom a revision is due that changes no
            time.
        causes: What holds.
        escalations: Who is told when nobody answers.
        tells: Says whether its first word may be said now.
        held_until: Says of an alert and a time until when it is held back from its receivers; None for not.

    Attributes:
        inhibits: Keys of what its open alert was last said to inhibit.

    What was told or taken in is shared with the group, never copied: nothing in it is changed in place.
    """

    def __init__(
        self,
        value: dict[str, Any],
        causes: CauseBook,
        escalations: Escalations = NONE,
        tells: Tells | None = None,
        held_until: HeldUntil | None = None,
    ) -> None:
        self._tells = tells
        self._held_until = held_until
        self.value = value
        self.causes = causes
        self.inhibits: list[str] = list(value.get("inhibits", ()))
        self._escalations = escalations

    @classmethod
    def stored(cls, value: dict[str, Any] | None, causes: CauseBook, *given: Any) -> "AlertGroup":
        """Return a group as it was kept, also by an older release: that one named what was firing in the value itself.

        It also kept, without an alert, what was over; such a group is over here, too.
        """
        if value is None or value["alert"] is None:
            return cls({"alert": None}, causes, *given)
        if "gone" not in value:
            heard_at, alert = value.pop("changed_at"), value["alert"]
            value["timing"] = {
                "tell_progress": False,
                "stale_after": value["timing"]["resolve_after"],
                **value["timing"],
            }
            value.update(heard_at=heard_at, lasts_from=None, gone=[], changes=0, flaps=0)
            for said in value.pop("firing"):
                device, times = said.partition("|")[0], (alert["started_at"], alert["updated_at"])
                causes.put(Cause(said, "MOMENT", device, alert["event_type"], *times, heard_at))
        return cls(value, causes, *given)

    @property
    def is_over(self) -> bool:
        """Whether it has ended and was told, or has not begun."""
        return self.value["alert"] is None

    def take(self, trigger: Mapping[str, Any], now: int, timing: Mapping[str, Any], *, is_new: bool) -> Verdict:
        """Fold a trigger in that was not folded in before: begin, go on or end.

        Args:
            trigger: An alert as `route` writes it, of one cause.
            now: Our clock.
            timing: The rule's waits and intervals, in microseconds; `tell_progress`, `shadow`, and `rules`, which tells
                them from others. An alert that somebody was told of keeps those under which it began.
            is_new: Nothing of this cause was seen before, so that an end may be the first word of it.
        """
        begins, cause = trigger.get("state", "NEW") not in OVER, cause_of(trigger)
        if begins:
            self._follow(timing)
        ended = [] if begins else self._ended_by(trigger, cause[0])
        late = not begins and not ended and is_new and tells_of_its_beginning(trigger)
        if not (begins or ended or late or (not self.is_over and matches.is_revoked(self.value, trigger))):
            return "nothing_open"
        if self.is_over:
            self.value["timing"] = dict(timing)
        elif self.value["timing"].get("rules") != timing.get("rules"):
            trigger = {**trigger, **{name: self.value["alert"][name] for name in OF_THE_RULE if name in trigger}}
        if begins:
            return self._begin(trigger, cause, now)
        if late:
            self._begin(trigger, cause, now)
            ended = self.causes.ended_by(cause[0])
        self._end(trigger, ended, now)
        return "taken"

    def _follow(self, timing: Mapping[str, Any]) -> None:
        """Go on under other rules where nobody was told under those before: that keeps no promise, and hides an alarm.

        What was in the shadow begins anew; what is held back until more comes is judged by what is asked for now.
        """
        if self.is_over or self.value["timing"].get("rules") == timing.get("rules"):
            return
        if self.is_shadow and not timing.get("shadow"):
            self.forget()
        elif self.is_held_back:
            self.value["timing"] = dict(timing)

    def answer(self, deed: Mapping[str, Any], now: int) -> Objection | None:
        """Fold in what a person did and let it be told at once; closing ends the alert. Return why not, or None."""
        value, alert = self.value, self.value["alert"]
        told = alert if alert and alert["revision"] >= 0 else None  # nobody can have answered what nobody was told
        if (against := objection(told, deed)) is not None:
            return against
        note(alert, deed)
        if deed["action"] != "COMMENT":
            value["escalation"] = escalating.answered(self._escalations, value["timing"].get("escalation"), now)
        if deed["action"] == "CLOSE":
            for cause in list(self.causes):
                self._part(cause, "ENDED")
            alert["ended_at"] = max(alert["updated_at"], deed["at"])
            value.update(ended="ENDED", flaps=0, due=now)
        else:
            value["aside"] = {"to": [] if deed["action"] == "COMMENT" else None}
        return None

    def lose(self, is_gone: Callable[[str], bool], now: int) -> bool:
        """Give up the conditions of devices that are gone: nobody would say that they are over. Return whether any."""
        lost = [cause for cause in self.causes if cause.kind == "CONDITION" and is_gone(cause.device_id)]
        for cause in lost:
            self._part(cause, "STALE")
        if lost:
            self._change(now)
            if self.value["ended"] is None and self.causes.are_none:
                self.value["ended"], self.value["alert"]["ended_at"] = "ENDED", self.value["alert"]["updated_at"]
        return bool(lost)

    @property
    def is_shadow(self) -> bool:
        """Whether nobody is told of it."""
        return not self.is_over and bool(self.value["timing"].get("shadow"))

    @property
    def is_held_back(self) -> bool:
        """Whether nobody was told of it yet, because its rule asks for more."""
        timing, alert = self.value.get("timing", {}), self.value["alert"]
        return alert is not None and alert["revision"] < 0 and bool(timing.get("tell_when"))

    def follow(self, trace: bytes) -> None:
        """Remember the `traceparent` of a trigger until the next revision."""
        self.value["traces"] = [*self.value.get("traces", ()), trace.decode()][-TRACE_LIMIT:]

    @property
    def traces(self) -> tuple[str, ...]:
        """The `traceparent` of each trigger since the last revision."""
        return tuple(self.value.get("traces", ()))

    def set_right(self, now: int) -> bool:
        """Take back what a clock that was ahead put off for longer than any wait; return whether there was such."""
        value = self.value
        if value["alert"] is None:
            return False
        ahead = (value["told_at"] or 0) > now or (value["heard_at"] or 0) > now
        if ahead:
            times = ("told_at", "heard_at", "tracks_from")
            value.update({name: min(value[name], now) for name in times if value.get(name)})
            for cause in self.causes:
                cause.heard_at = min(cause.heard_at, now)
                self.causes.put(cause)
        escalates = escalating.set_right(value.get("escalation"), now)
        wait, interval, due = value["timing"]["group_wait"], value["timing"]["group_interval"], value["due"]
        late = due is not None and due > now + interval and due > now + wait
        if late:
            value["due"] = now + (wait if value["alert"]["revision"] < 0 else interval)
        return ahead or escalates or late

    def miss(self, delivery: Mapping[str, Any], now: int) -> str | None:
        """Take in that a receiver was not reached; return the word if that brings the next step forward, else None."""
        return None if self.is_over else escalating.miss(self.value, delivery, now)

    def pass_time(self, now: int) -> None:
        """End what has been quiet for long enough; repeat when nobody was told for long enough."""
        value = self.value
        if value["alert"] is None:
            return
        if value["ended"] is None and now >= silent_at(value) and self._age(now):
            self._change(now)
        if (at := escalates_at(value)) is not None and now >= at:
            escalating.pass_time(value, self._escalations, self._is_held, now)
        if value["due"] is None and (repeat := repeat_at(value)) is not None and now >= repeat:
            value["due"] = now

    def _is_held(self, now: int) -> int | None:
        return self._held_until({**self.value["alert"], **self._told_causes()}, now) if self._held_until else None

    def has_word(self, now: int) -> bool:
        """Return whether a revision is due."""
        value = self.value
        return "aside" in value or (value["alert"] is not None and value["due"] is not None and now >= value["due"])

    def issue(self, now: int) -> dict[str, Any] | None:
        """Return the next revision that is due, or None."""
        value = self.value
        if (aside := value.pop("aside", None)) is not None:
            return self._say_aside(aside["to"], now)
        if value["alert"] is None or value["due"] is None or now < value["due"]:
            return None
        first = value["alert"]["revision"] < 0
        if first and value["ended"] == "CANCELLED":  # taken back before anybody was told
            self.forget()
            return None
        if value["ended"] is None and not (first and value["heard_at"] == now and value["alert"]["count"] == 1):
            self._age(now)
        if first and self._tells is not None and not self._tells(self, now):
            self._hold_back(now)
            return None
        value["alert"]["revision"] += 1
        value["alert"]["issued_at"] = now
        value["told_at"] = now
        value.pop("traces", None)
        flaps, value["flaps"] = value["flaps"], 0
        state = "NEW" if first else "UPDATED" if value["ended"] == "ENDED" and flaps else value["ended"] or "UPDATED"
        alert = {**value["alert"], "state": state, **self._told_causes()}
        if state == "NEW":
            alert["ended_at"] = None
            value["escalation"] = escalating.begin(self._escalations, value["timing"].get("escalation"), now)
            escalating.note_told(value, alert["receivers"], alert["revision"])
        alert |= self._told_escalation()
        if value["ended"] is None:
            value["due"], value["gone"] = None, []
            value.pop("parties", None)
        elif state == "UPDATED":  # it ends when it has been over for an interval
            value["due"] = now + value["timing"]["group_interval"]
        elif not first:
            self.forget()
        return alert

    def _hold_back(self, now: int) -> None:
        """Tell nothing until something changes, time too where the rule asks for it; what is over was never told."""
        timing = self.value["timing"]
        if self.value["ended"] is not None:
            self.forget()
        elif any(word in timing["tell_when"] for word in OF_TIME):
            self.value["due"] = now + max(timing["group_interval"], SECOND)
        else:
            self.value["due"] = None

    def _say_aside(self, receivers: Sequence[str] | None, now: int) -> dict[str, Any]:
        """Return a revision for these receivers, or all of them, beside what is due: no time is counted from it."""
        value, alert = self.value, self.value["alert"]
        if value["ended"] is None and self._age(now):
            self._change(now)
        alert["revision"] += 1
        alert["issued_at"] = now
        told = {**alert, "state": "UPDATED", **self._told_causes()}
        aside = {"ended_at": None, "addressed_to": None if receivers is None else list(receivers)}
        return told | aside | self._told_escalation()

    def _begin(self, trigger: Mapping[str, Any], cause: tuple[str, Kind], now: int) -> Verdict:
        value = self.value
        cause_id, kind = cause
        if self.is_over:
            value.update(alert=opened(trigger), told_at=None, ended=None, gone=[], changes=0, flaps=0, heard_at=None)
            value.update(escalation=None, lasts_from=None, tracks_from=None, due=now + value["timing"]["group_wait"])
            value["matches"] = {}
            known, changed = None, True
        else:
            known = self.causes.get(cause_id)
            news = known is None or kind == "MOMENT" or value["timing"]["tell_progress"]
            severity, answer = value["alert"].get("severity"), value["alert"].get("acknowledged_by")
            changed = merge(value["alert"], trigger) or bool(news)
            if answer and value["alert"].get("severity") != severity:  # it is worse than what was answered
                escalating.ask_again(value, self._escalations, now)
        if value["ended"] is not None:
            value["ended"], value["alert"]["ended_at"] = None, None
            value["changes"] += 1
            value["flaps"] += 1
        if changed:
            self._change(now)
        if kind == "CONDITION":
            value["lasts_from"] = min(now, value["lasts_from"] or now)
        else:
            value["heard_at"] = now
        if kind == "TRACK":
            value["tracks_from"] = min(now, value.get("tracks_from") or now)
        matches.note(value, trigger)
        devices = trigger.get("device_ids") or [""]
        started = known.started_at if known else trigger["started_at"]
        self.causes.put(
            Cause(
                cause_id, kind, devices[0], trigger["event_type"], started, trigger["updated_at"], now,
                together(known.devices if known else (), devices),
            )
        )  # fmt: skip
        return "taken" if changed else "goes_on"

    def _end(self, trigger: Mapping[str, Any], ended: Sequence[Cause], now: int) -> None:
        value, alert, revoked = self.value, self.value["alert"], trigger["state"] == "CANCELLED"
        for cause in ended:
            cause.updated_at = max(cause.updated_at, trigger["updated_at"])
            self.causes.remove(cause)
        alert["updated_at"] = max(alert["updated_at"], trigger["updated_at"])
        alert["received_at"], alert["follows"] = trigger["received_at"], trigger.get("follows", [])
        alert["triggers"] = [*alert["triggers"], *trigger["triggers"]][-TRIGGER_LIMIT:]
        # What was revoked must not be shown again: it takes the alert that shows it along.
        withdrawn = revoked and trigger.get("candidate_id") == alert.get("candidate_id")
        if withdrawn or self.causes.are_none:
            alert["ended_at"] = alert["updated_at"]
            value["ended"] = trigger["state"]
        if revoked and not value["ended"]:
            matches.take_out(value, trigger)
        else:
            self._name_gone(ended, "ENDED")
        if revoked:
            value["due"] = now if alert["revision"] >= 0 or value["due"] is None else value["due"]
        else:
            self._change(now)

    def _age(self, now: int) -> bool:
        """Take out what aged: moments and tracks that were not heard of, and conditions that are given up as lost.

        That a moment did is no news; that anything else did is told like an end. Return whether it ends with that.
        """
        value, timing, news = self.value, self.value["timing"], False
        heard: dict[Kind, list[int]] = {"MOMENT": [], "TRACK": [], "CONDITION": []}
        for cause in self.causes:
            lasts = cause.kind == "CONDITION"
            if cause.heard_at > now - (timing["stale_after"] if lasts else timing["resolve_after"]):
                heard[cause.kind].append(cause.heard_at)
            else:
                self._part(cause, "STALE" if lasts else "ENDED")
                news |= cause.kind != "MOMENT"
        value["heard_at"] = max(heard["MOMENT"] + heard["TRACK"], default=None)
        value["lasts_from"], value["tracks_from"] = (min(heard[kind], default=None) for kind in ("CONDITION", "TRACK"))
        if any(heard.values()):
            if news:
                self._change(now)
            return False
        value["ended"], value["alert"]["ended_at"] = "ENDED", value["alert"]["updated_at"]
        return True

    def _part(self, cause: Cause, state: Literal["ENDED", "STALE"]) -> None:
        self.causes.remove(cause)
        self._name_gone([cause], state)

    def _name_gone(self, causes: Sequence[Cause], state: Literal["ENDED", "STALE"]) -> None:
        value = self.value
        value["gone"] = [*value["gone"], *(cause.told(state) for cause in causes)][-CAUSE_LIMIT:]
        if parties := {cause.cause_id: list(cause.devices) for cause in causes if cause.devices}:
            value["parties"] = {**value.get("parties", {}), **parties}

    def _change(self, now: int) -> None:
        """Let it be told when it may be."""
        value = self.value
        if value["due"] is None:
            value["due"] = max(now, (value["told_at"] or 0) + value["timing"]["group_interval"])

    def _told_causes(self) -> dict[str, Any]:
        return told_causes(list(self.causes), self.value)

    def _told_escalation(self) -> dict[str, Any]:
        said = None if self.value["ended"] else escalating.said(self.value.get("escalation"))
        return {} if said is None else {"escalation": said}

    def _ended_by(self, trigger: Mapping[str, Any], cause_id: str) -> list[Cause]:
        if self.is_over:
            return []
        return self.causes.ended_by(cause_id) or self.causes.ended_by(plain_name(trigger))

    def forget(self) -> None:
        """Forget everything: it is told, or was erased, and nothing is said of it any more."""
        self.causes.clear()
        self.value = {"alert": None}
