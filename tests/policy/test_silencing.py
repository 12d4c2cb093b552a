"""Matchers in Alertmanager's notation, what makes a silence valid, and what it would have held back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.policy.matchers import CUT_AT, LABELS, labels_of, matcher, takes_everything
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.silence_preview import preview
from fairwatch.policy.silencing import HOUR, InForce, Silences, faults
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, silence, trigger

ALERT = {"rule": ("dark",), "device_id": ("cam-1", "cam-2"), "zones": ("gate",), "severity": ("SEVERE",)}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('rule="dark"', True),
        ("rule=dark", True),
        (' rule = "dark" ', True),
        ('rule="Dark"', False),
        ('rule!="dark"', False),
        ('device_id="cam-1"', False),
        ('device_id=~"cam-[12]"', True),
        ('device_id=~"cam"', False),
        ('device_id!~"cam-1"', False),
        ('device_id!="cam-3"', True),
        ('site_id=""', True),
        ('site_id!=""', False),
        ('zones=~"gate|yard"', True),
    ],
)
def test_a_matcher_speaks_of_the_whole_label_and_of_every_value(text, holds):
    assert matcher(text).holds(ALERT) is holds


def test_a_list_that_may_have_been_cut_is_never_matched_as_a_whole():
    many = {"device_id": tuple(f"cam-{n}" for n in range(CUT_AT))}
    assert not matcher('device_id=~"cam-.*"').holds(many)
    assert not matcher('device_id!="other"').holds(many)


@pytest.mark.parametrize(
    "text", ["", "rule", "rule=", 'rule="a" or', 'colour="red"', 'rule=~"("', "rule==x", '"a"="b"', "x" * 400]
)
def test_what_is_no_matcher_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"is no|names"):
        matcher(text)


def test_a_matcher_has_three_hundred_characters_at_most():
    longest = 'rule="' + "x" * 293 + '"'
    assert len(longest) == 300
    assert matcher(longest).value == "x" * 293
    with pytest.raises(ValueError, match="is no matcher"):
        matcher(longest.replace("x", "xx", 1))


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time():
    assert not matcher('rule=~"(a+)+b"').holds({"rule": ("a" * 5_000,)})


@given(st.sampled_from(sorted(LABELS)), st.sampled_from(["=", "!="]), st.text(max_size=40))
def test_a_matcher_that_is_written_out_and_read_again_is_the_same(label, operator, value):
    from fairwatch.policy.matchers import Matcher  # noqa: PLC0415

    said = Matcher(label, operator, value)
    assert matcher(str(said)) == said


def test_labels_are_what_an_alert_says_and_lists_are_taken_whole():
    labels = labels_of(trigger(device_ids=["a", "b"], zones=[], site_id=None))
    assert labels["device_id"] == ("a", "b")
    assert labels["rule"] == ("tamper",)
    assert not {"zones", "site_id"} & set(labels)


def test_matchers_that_ask_for_nothing_take_everything():
    assert takes_everything((matcher('rule!="x"'), matcher('zones=~".*"')))
    assert not takes_everything((matcher('rule!="x"'), matcher('zones=~".+"')))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"author": " "}, "no_author"),
        ({"reason": ""}, "no_reason"),
        ({"reason": "x" * 501}, "no_reason"),
        ({"matchers": []}, "no_matcher"),
        ({"matchers": ["rule"]}, "broken_matcher"),
        ({"matchers": ['rule=~".*"']}, "matches_everything"),
        ({"expires_at": AT}, "ends_before_start"),
        ({"expires_at": AT - 1}, "ends_before_start"),
        ({"expires_at": AT + 12 * HOUR + 1}, "too_long"),
        ({"role": "reviewer"}, "unknown_role"),
        ({"approved_by": ["BO "]}, "approved_by_author"),
        ({"approved_by": ["ann", ""]}, "approved_by_author"),
    ],
)
def test_what_is_wrong_with_a_silence_has_a_name(fields, reason):
    assert [fault for fault, _ in faults(silence(**fields), Quiet())] == [reason]


def test_a_reason_may_have_five_hundred_characters():
    assert list(faults(silence(reason="x" * 500), Quiet())) == []


def test_a_silence_may_be_as_long_as_its_authors_role_allows():
    assert list(faults(silence(expires_at=AT + 12 * HOUR), Quiet())) == []
    assert list(faults(silence(role="admin", expires_at=AT + 168 * HOUR), Quiet())) == []
    short = Quiet.model_validate({"silence_at_most": {"operator": "30m"}})
    assert [fault for fault, _ in faults(silence(), short)] == ["too_long"]


@pytest.mark.parametrize(
    "content", [{"silence_at_most": {"operator": "0s"}}, {"silence_at_most": {"operator": "61d"}}, {"silences": {}}]
)
def test_odd_limits_are_refused_when_they_are_read(content):
    with pytest.raises(ValueError, match="silence"):
        Quiet.model_validate(content)


STORM_BOUNDS = [("most", 2, 1), ("most", 100_000, 100_001), ("within", "1s", "999ms"), ("within", "1d", "86401s")]


@pytest.mark.parametrize(("name", "right", "wrong"), STORM_BOUNDS)
def test_a_storm_has_two_messages_at_least_and_a_day_at_most(name, right, wrong):
    assert Quiet.model_validate({"storm": [{"most": 5, name: right}]}).storm
    with pytest.raises(ValueError, match=name):
        Quiet.model_validate({"storm": [{"most": 5, name: wrong}]})


def test_a_storm_is_of_each_receiver_within_a_minute_and_passes_what_is_extreme_unless_it_says_otherwise():
    [limit] = Quiet.model_validate({"storm": [{"most": 5}]}).storm
    assert (limit.per, limit.within.total_seconds(), limit.bypass) == (("receiver",), 60, "EXTREME")
    with pytest.raises(ValueError, match="per"):
        Quiet.model_validate({"storm": [{"most": 5, "per": []}]})


def test_of_several_silences_the_one_that_lasts_longest_holds_back():
    reference = MemoryReference({"s": silence(), "t": silence(silence_id="t", expires_at=AT + 2 * HOUR)})
    silences = Silences(reference, Quiet())
    labels = labels_of(trigger())
    assert silences.holding(labels, AT).silence_id == "t"
    assert silences.holding(labels, AT - 1) is None
    assert silences.holding(labels, AT + 2 * HOUR) is None
    assert (silences.next_start(AT - 1), silences.next_start(AT)) == (AT, None)
    reference.remove("t")
    assert silences.holding(labels, AT).silence_id == "s"


def test_among_thousands_of_silences_those_of_an_alert_are_found_at_once():
    others = {f"s{n}": silence(silence_id=f"s{n}", matchers=[f'device_id="cam-{n}x"']) for n in range(2_000)}
    mine = silence(silence_id="mine", matchers=['severity!="MINOR"', 'device_id="cam-1"'])
    wide = silence(silence_id="wide", matchers=['rule=~"tam.*"'], expires_at=AT + 2 * HOUR)
    reference = MemoryReference({**others, "mine": mine})
    silences = Silences(reference, Quiet())
    assert silences.holding(labels_of(trigger()), AT).silence_id == "mine"
    reference.put("wide", wide)
    assert silences.holding(labels_of(trigger()), AT).silence_id == "wide"
    assert silences.holding(labels_of(trigger(device_ids=["other"], rule="x")), AT) is None


def test_a_clock_that_was_ahead_when_silences_were_read_loses_none():
    silences = Silences(MemoryReference({"s": silence()}), Quiet())
    assert silences.holding(labels_of(trigger()), AT + 2 * HOUR) is None
    assert silences.holding(labels_of(trigger()), AT).silence_id == "s"


def test_a_preview_counts_what_nobody_would_have_heard_ends_included():
    alerts = [
        trigger(alert_id="a"),
        trigger(alert_id="a", revision=1, state="ENDED"),
        trigger(alert_id="b", rule="other"),
        trigger(alert_id="b", rule="other", revision=1, state="ENDED"),
        trigger(alert_id="c", severity="EXTREME", receivers=["x", "y"]),
        trigger(alert_id="d"),
        trigger(alert_id="d", revision=1, state="UPDATED", severity="EXTREME"),
        trigger(alert_id="d", revision=2, state="ENDED", severity="EXTREME"),
    ]
    found = preview(alerts, InForce("", (matcher('rule="tamper"'),), 0, 1, approved=False))
    assert (found.messages, found.held, dict(found.alerts), found.passed) == (9, 3, {"tamper": 2}, 2)
    assert [title for _, _, title in found.examples] == ["Camera tampered with"] * 2
    both = preview(alerts, InForce("", (matcher('rule="tamper"'),), 0, 1, approved=True))
    assert (both.held, both.passed) == (7, 0)


def test_a_preview_shows_the_first_twenty_and_tells_who_was_told_again():
    mine = InForce("", (matcher('rule="tamper"'),), 0, 1, approved=False)
    many = preview([trigger(alert_id=f"a{n}", title=f"t{n}", issued_at=n) for n in range(25)], mine)
    assert [(at, rule, title) for at, rule, title in many.examples] == [(n, "tamper", f"t{n}") for n in range(20)]
    assert many.alerts == {"tamper": 25}
    lives = [
        trigger(alert_id="a"),
        trigger(alert_id="a", revision=1, state="UPDATED", rule="other"),
        trigger(alert_id="a", revision=2, state="CANCELLED", rule="other"),
    ]
    found = preview(lives, mine)
    assert (found.messages, found.held, found.passed) == (3, 1, 0), "who was told of it is told of its end"
    assert preview([{**trigger(), "state": None}], mine).held == 1


def test_the_end_of_an_alert_is_held_back_like_its_beginning_whatever_it_says_itself():
    mine = InForce("", (matcher('rule="tamper"'),), 0, 1, approved=False)
    lives = [
        trigger(alert_id="a"),
        trigger(alert_id="a", revision=1, state="ENDED", rule="other"),
        trigger(alert_id="b", rule="other"),
        trigger(alert_id="b", revision=1, state="ENDED"),
    ]
    found = preview(lives, mine)
    assert (found.messages, found.held, dict(found.alerts)) == (4, 2, {"tamper": 1})
