"""Who may make, approve or end a silence, of which sites, and what is written of it."""

import pytest

from fairwatch.policy.quiet import Quiet
from fairwatch.policy.silence_deeds import SilenceRefusedError, Wish, approved, draft, expired, longest_role, write
from fairwatch.policy.silencing import HOUR
from tests.support.processor_world import assert_valid
from tests.support.records import AT, silence

HARBOUR = 'site_id="harbour"'
QUIET = Quiet()


def wish(**fields):
    said = {"author": "bo", "role": "operator", "reason": "works", "matchers": (HARBOUR,)}
    return Wish(**{**said, "starts_at": AT, "expires_at": AT + HOUR, **fields})


def reasons(do):
    with pytest.raises(SilenceRefusedError) as caught:
        do()
    return [reason for reason, _ in caught.value.faults]


def test_a_silence_says_what_was_asked_for_and_that_nobody_approved_or_ended_it_yet():
    made = draft(wish(), QUIET, AT + 5)
    assert_valid(made)
    assert {name: value for name, value in made.items() if name != "silence_id"} == {
        "author": "bo",
        "role": "operator",
        "reason": "works",
        "matchers": [HARBOUR],
        "starts_at": AT,
        "expires_at": AT + HOUR,
        "approved_by": [],
        "expired_by": None,
        "updated_at": AT + 5,
    }


def test_the_same_wish_is_the_same_silence_and_another_beginning_or_matcher_is_another():
    first = draft(wish(), QUIET, AT)["silence_id"]
    assert draft(wish(reason="again"), QUIET, AT + 1)["silence_id"] == first
    others = [wish(starts_at=AT + 1), wish(matchers=('site_id="airport"',)), wish(author="al")]
    assert first not in {draft(other, QUIET, AT)["silence_id"] for other in others}


@pytest.mark.parametrize(("now", "ended"), [(AT + HOUR - 1, False), (AT + HOUR, True)])
def test_what_has_ended_already_is_not_made(now, ended):
    if ended:
        assert reasons(lambda: draft(wish(), QUIET, now)) == ["ends_before_start"]
    else:
        assert draft(wish(), QUIET, now)["expires_at"] == AT + HOUR


def test_all_that_is_wrong_with_a_wish_is_said_at_once():
    with pytest.raises(SilenceRefusedError, match=r"no_reason: .*; unknown_role: role 'guest' may not silence"):
        draft(wish(reason=" ", role="guest"), QUIET, AT)


@pytest.mark.parametrize(
    ("matchers", "sites", "refused"),
    [
        ([HARBOUR], {"harbour"}, False),
        ([HARBOUR, 'rule="tamper"'], {"harbour", "airport"}, False),
        ([HARBOUR], {"airport"}, True),
        (['rule="tamper"'], {"harbour"}, True),
        (['site_id=~"harbour"'], {"harbour"}, True),
        (['zones="harbour"'], {"harbour"}, True),
        (['rule="tamper"'], set(), False),
    ],
)
def test_who_looks_after_some_sites_silences_approves_and_ends_what_is_of_these_alone(matchers, sites, refused):
    sites, record = frozenset(sites), silence(matchers=matchers)
    deeds = (
        lambda: draft(wish(matchers=tuple(matchers), sites=sites), QUIET, AT),
        lambda: approved(record, "ann", QUIET, AT, sites),
        lambda: expired(record, "ann", AT, sites),
    )
    for deed in deeds:
        if refused:
            assert reasons(deed) == ["other_site"]
        else:
            assert deed()["silence_id"]


def test_who_approves_stands_behind_those_who_did_before_and_nothing_else_changes():
    once = approved(silence(), "ann", QUIET, AT + 1)
    twice = approved(once, "al", QUIET, AT + 2)
    assert once == {**silence(), "approved_by": ["ann"], "updated_at": AT + 1}
    assert (twice["approved_by"], twice["updated_at"]) == (["ann", "al"], AT + 2)


def test_its_author_cannot_approve_it_and_what_has_ended_nobody_can_approve_or_end():
    assert reasons(lambda: approved(silence(), " BO", QUIET, AT)) == ["approved_by_author"]
    for deed in (lambda: approved(silence(), "ann", QUIET, AT + HOUR), lambda: expired(silence(), "ann", AT + HOUR)):
        assert reasons(deed) == ["ended"]
    assert approved(silence(), "ann", QUIET, AT + HOUR - 1)["approved_by"] == ["ann"]


def test_what_somebody_ends_ends_now_and_names_who_did():
    ended = expired(silence(), "ann", AT + 60)
    assert ended == {**silence(), "expires_at": AT + 60, "expired_by": "ann", "updated_at": AT + 60}


def test_what_is_ended_before_it_begins_never_held_and_is_still_a_valid_silence():
    ended = expired(silence(starts_at=AT + 30, expires_at=AT + HOUR), "ann", AT)
    assert (ended["starts_at"], ended["expires_at"]) == (AT - 1, AT)


class Written:
    """Keeps what is published."""

    def __init__(self):
        self.records = {}

    async def publish(self, topic, key, record, headers=None):
        assert_valid(record)
        self.records[topic] = key, record


async def test_a_silence_is_written_with_an_audit_record_that_says_what_it_holds_back_and_how_long():
    written, record = Written(), {**silence(matchers=[HARBOUR, 'rule="tamper"']), "updated_at": AT + 7}
    await write(written, "silence.created", "bo", record)
    assert written.records["silences"] == ("s", record)
    key, audited = written.records["audit"]
    assert (key, audited["subject"], audited["action"]) == ("s", "s", "silence.created")
    assert (audited["actor"], audited["at"]) == ("bo", AT + 7)
    assert audited["details"] == {
        "reason": "works",
        "matchers": f'{HARBOUR} rule="tamper"',
        "starts_at": str(AT),
        "expires_at": str(AT + HOUR),
    }
    ids = {audited["audit_id"]}
    for action, at in (("silence.created", AT + 8), ("silence.expired", AT + 7)):
        await write(written, action, "bo", {**record, "updated_at": at})
        ids.add(written.records["audit"][1]["audit_id"])
    assert len(ids) == 3, "each deed has a record of its own"


def test_of_several_roles_that_counts_which_may_silence_the_longest():
    assert longest_role({"operator", "admin", "reviewer"}, QUIET) == "admin"
    assert longest_role({"reviewer", "operator"}, QUIET) == "operator"
    assert longest_role((), QUIET) == ""
