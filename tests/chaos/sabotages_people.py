"""What somebody might do to crowds, to what is silenced, and to what people answered; the checker has to find each."""

from dataclasses import replace

from tests.chaos.crowds import RULE
from tests.chaos.found import Found, Revision
from tests.chaos.hushed import OVER
from tests.chaos.oracle import Sent, expect
from tests.chaos.sabotages import Sabotage, without_telling


def _crowd(found: Found) -> list[Revision]:
    """Return the revisions of the last alert about a crowd."""
    alert = [each for each in found.alerts if each.subject.startswith(RULE)][-1].alert_id
    return [each for each in found.alerts if each.alert_id == alert]


def _silenced(sent: Sent, found: Found, name: str) -> list[Revision]:
    """Return the revisions of a story of this name that was played to its end."""
    expected = expect(sent)
    stories = {str(s.number + 1_767_225_600): s for s in sent.stories if s.name == name}
    for each in found.alerts:
        story = stories.get(each.subject.removeprefix("objects|").split(".")[0])
        if story and len(expected[each.subject].numbers) == len(story.script):
            return [other for other in found.alerts if other.alert_id == each.alert_id]
    raise AssertionError(f"no story {name!r} is whole")


def _tell(sent: Sent, found: Found, revision: Revision) -> None:
    """Tell a revision while its silence lasts."""
    hush = expect(sent)[revision.subject].hush
    assert hush
    like = next(each for each in found.requests if each.subject.startswith("objects|"))
    place = {name: getattr(revision, name) for name in ("subject", "alert_id", "revision", "state", "count")}
    told = replace(like, **place, at=hush.since + 1, webhook_id=f"silent-{revision.revision}")
    at = next((number for number, each in enumerate(found.requests) if each.at > told.at), len(found.requests))
    found.requests.insert(at, told)


def _change(found: Found, last: Revision, **changes: object) -> None:
    """Let an alert's last revision say something else, and everybody be told so."""
    found.alerts[found.alerts.index(last)] = replace(last, **changes)
    place = (last.alert_id, last.revision)
    found.requests[:] = [
        replace(each, **changes) if (each.alert_id, each.revision) == place else each for each in found.requests
    ]


def _answered(sent: Sent, found: Found, people: int, action: str) -> Revision:
    """Return the last revision of an alert that so many people answered so."""
    subjects = {str(n) for n, all_ in sent.answers.items() if len(all_) == people and all_[0].action == action}
    return [each for each in found.alerts if each.subject in subjects][-1]


def count_one_of_a_crowd_twice(_: Sent, found: Found) -> None:
    last = _crowd(found)[-1]
    _change(found, last, count=last.count + 1)


def lose_one_of_a_crowd(_: Sent, found: Found) -> None:
    last = _crowd(found)[-1]
    _change(found, last, count=last.count - 1)


def leave_a_crowd_open_and_begin_another_alert(_: Sent, found: Found) -> None:
    last = _crowd(found)[-1]
    if last.state in OVER:
        _change(found, last, state="UPDATED")
    found.alerts.append(replace(last, alert_id="another", revision=0, state="NEW", count=0))


def never_tell_of_a_crowd(_: Sent, found: Found) -> None:
    subject = _crowd(found)[0].subject
    found.alerts[:] = [each for each in found.alerts if each.subject != subject]
    found.requests[:] = [each for each in found.requests if each.subject != subject]


def say_that_a_crowd_is_over_while_somebody_is_there(_: Sent, found: Found) -> None:
    last = _crowd(found)[-1]
    _change(found, last, state="ENDED" if last.state == "UPDATED" else "UPDATED")


def tell_in_silence(sent: Sent, found: Found) -> None:
    first, *_ = _silenced(sent, found, "silenced, told when that ends")
    _tell(sent, found, first)


def tell_the_end_of_what_nobody_heard_of(sent: Sent, found: Found) -> None:
    *_, last = _silenced(sent, found, "over before the silence is")
    _tell(sent, found, last)


def go_on_telling_in_silence_who_heard_before(sent: Sent, found: Found) -> None:
    _, updated, _ = _silenced(sent, found, "told before, ends in silence")
    _tell(sent, found, updated)


def keep_quiet_when_the_silence_is_over(sent: Sent, found: Found) -> None:
    *_, last = _silenced(sent, found, "silenced, told when that ends")
    found.requests[:] = [each for each in found.requests if each.alert_id != last.alert_id]


def keep_quiet_what_ended_after_the_silence(sent: Sent, found: Found) -> None:
    *_, last = _silenced(sent, found, "ends after the silence")
    found.requests[:] = [each for each in found.requests if each.alert_id != last.alert_id]


def hide_an_end_from_who_heard_of_the_beginning(sent: Sent, found: Found) -> None:
    *_, last = _silenced(sent, found, "told before, ends in silence")
    found.requests[:] = [e for e in found.requests if (e.alert_id, e.revision) != (last.alert_id, last.revision)]


def silence_without_a_record(sent: Sent, found: Found) -> None:
    *_, last = _silenced(sent, found, "over before the silence is")
    found.audits[:] = [
        each for each in found.audits
        if (each["subject"], each["details"].get("reason")) != (last.alert_id, "silenced")
    ]  # fmt: skip


def forget_who_acknowledged(sent: Sent, found: Found) -> None:
    _change(found, _answered(sent, found, 1, "ACKNOWLEDGE"), answer="")


def lose_the_revision_that_says_who_acknowledged(sent: Sent, found: Found) -> None:
    without_telling(found, _answered(sent, found, 1, "ACKNOWLEDGE"))


def tell_another_name_than_is_written(sent: Sent, found: Found) -> None:
    last = _answered(sent, found, 1, "ACKNOWLEDGE")
    at = next(n for n, e in enumerate(found.requests) if (e.alert_id, e.revision) == (last.alert_id, last.revision))
    found.requests[at] = replace(found.requests[at], answer="ACKNOWLEDGE dave")


def give_a_claim_to_somebody_else(sent: Sent, found: Found) -> None:
    _change(found, _answered(sent, found, 2, "CLAIM"), answer="CLAIM mallory")


def give_a_claim_to_both(sent: Sent, found: Found) -> None:
    last = _answered(sent, found, 2, "CLAIM")
    for number, each in enumerate(found.audits):
        if (each["subject"], each["action"]) == (last.alert_id, "alert.deed_refused"):
            found.audits[number] = {**each, "action": "alert.claim"}


def refuse_a_claim_without_a_word(sent: Sent, found: Found) -> None:
    last = _answered(sent, found, 2, "CLAIM")
    gone = (last.alert_id, "alert.deed_refused")
    found.audits[:] = [each for each in found.audits if (each["subject"], each["action"]) != gone]


def leave_open_what_was_closed(sent: Sent, found: Found) -> None:
    without_telling(found, _answered(sent, found, 1, "CLOSE"))


def close_what_nobody_closed(sent: Sent, found: Found) -> None:
    last = next(each for each in found.alerts if each.subject.isdigit() and int(each.subject) not in sent.answers)
    found.alerts.append(replace(last, revision=last.revision + 1, state="ENDED", answer="CLOSE dave"))


SABOTAGES: list[tuple[Sabotage, str, str]] = [
    (count_one_of_a_crowd_twice, "wrong", "instead of"),
    (lose_one_of_a_crowd, "wrong", "instead of"),
    (leave_a_crowd_open_and_begin_another_alert, "lost", "never ended"),
    (never_tell_of_a_crowd, "lost", "no alert"),
    (say_that_a_crowd_is_over_while_somebody_is_there, "wrong", "instead of"),
    (tell_in_silence, "told_in_silence", "was told NEW"),
    (tell_the_end_of_what_nobody_heard_of, "told_in_silence", "was told ENDED"),
    (go_on_telling_in_silence_who_heard_before, "told_in_silence", "was told UPDATED"),
    (keep_quiet_when_the_silence_is_over, "lost", "when its silence was over"),
    (keep_quiet_what_ended_after_the_silence, "lost", "when its silence was over"),
    (hide_an_end_from_who_heard_of_the_beginning, "lost", "and not of its end"),
    (silence_without_a_record, "lost", "no audit record"),
    (forget_who_acknowledged, "lost", "does not know of ACKNOWLEDGE by carol"),
    (lose_the_revision_that_says_who_acknowledged, "lost", "does not know of ACKNOWLEDGE by carol"),
    (tell_another_name_than_is_written, "wrong", "not as written"),
    (give_a_claim_to_somebody_else, "wrong", "says CLAIM mallory"),
    (give_a_claim_to_both, "doubled", "taken from"),
    (refuse_a_claim_without_a_word, "lost", "the audit log has"),
    (leave_open_what_was_closed, "lost", "ENDED of alert"),
    (close_what_nobody_closed, "unasked", "answered by nobody"),
]
