"""What a digest says: everything is counted, the worst are named, and come first."""

from fairwatch.apps.rehearsal.memory import MemoryState
from fairwatch.domain.agenda import Agenda
from fairwatch.sinks.digest import COUNTED, DIGEST, FIRST_AFTER, NAMED, SECOND, Digests, digest
from fairwatch.sinks.ledger import Ledger

AT = 1_800_000_000_000_000
ALERT = {
    "alert_id": "a-1", "title": "Plate", "rule": "plates", "site_id": "north", "severity": "MINOR", "state": "ENDED",
    "event_type": "plate.read", "device_ids": ["cam-1"],
}  # fmt: skip


def collected(*alerts):
    """Return what is told of alerts that were held back for the guards in partition 0."""
    agenda = Agenda(MemoryState(), lambda value: value["next_at"], lambda *_: DIGEST)
    digests = Digests(agenda, pause=1)
    for alert in alerts:
        digests.add(0, "guards", alert, AT)
    digests.save()
    ((_, told),) = digests.due([0], AT + FIRST_AFTER)
    return told


def test_a_digest_is_an_alert_of_the_storm_control():
    told = collected(ALERT, {**ALERT, "severity": "EXTREME", "state": "NEW", "alert_id": "a-2"})
    assert told["title"] == "2 messages held back"
    assert (told["revision"], told["state"], told["rule"]) == (0, "NEW", "storm-control")
    assert (told["event_type"], told["category"], told["severity"]) == ("other", "Other", "EXTREME")
    assert (told["started_at"], told["updated_at"], told["count"]) == (AT, AT + FIRST_AFTER, 2)
    assert told["receivers"] == ["guards"]


def test_a_digest_counts_by_rule_site_severity_and_state_and_names_the_worst_first():
    parameters = collected(ALERT, {**ALERT, "severity": "EXTREME", "state": "NEW", "alert_id": "a-2"})["parameters"]
    assert parameters == {
        "by_rule": "plates: 2", "by_site_id": "north: 2", "by_severity": "EXTREME: 1, MINOR: 1",
        "by_state": "ENDED: 1, NEW: 1", "held_back": "2", "from": "2027-01-15T08:00:00.000000Z",
        "to": "2027-01-15T08:00:10.000000Z", "named": "EXTREME NEW Plate (a-2)\nMINOR ENDED Plate (a-1)",
    }  # fmt: skip


def test_an_alert_that_says_little_is_new_and_of_unknown_severity():
    told = collected({"alert_id": "a-1", "title": "Plate", "event_type": "plate.read"})
    assert told["parameters"]["named"] == "UNKNOWN NEW Plate (a-1)"
    assert told["parameters"]["by_rule"] == "(none): 1"


def test_what_is_not_named_is_counted_as_the_rest():
    assert "rest" not in collected(*[ALERT] * NAMED)["parameters"]
    assert collected(*[ALERT] * (NAMED + 1))["parameters"]["rest"].startswith("1 more: ")


def test_the_worst_are_named_however_late_they_come():
    many = [{**ALERT, "alert_id": f"a-{n}"} for n in range(NAMED + 10)]
    worse = [{**ALERT, "alert_id": f"b-{n}", "severity": "SEVERE"} for n in range(2)]
    lines = collected(*many, *worse)["parameters"]["named"].splitlines()
    assert lines[:3] == ["SEVERE ENDED Plate (b-0)", "SEVERE ENDED Plate (b-1)", "MINOR ENDED Plate (a-0)"]
    assert len(lines) == NAMED


def test_the_words_of_a_device_are_one_line():
    told = collected({**ALERT, "title": "Gate\nEXTREME NEW Fire (a-9)\x1b[2J"})
    assert told["parameters"]["named"] == "MINOR ENDED Gate EXTREME NEW Fire (a-9) [2J (a-1)"


def test_a_match_is_named_by_what_it_is_and_where_since_nobody_asks_again_whether_it_may_be_told():
    match = {**ALERT, "title": "Jane Doe at Gate", "event_type": "watchlist.face", "candidate_id": "c", "entry_id": "e"}
    told = collected(match, {**match, "device_name": "Gate", "alert_id": "a-2"})
    assert "Jane" not in str(told)
    assert told["parameters"]["named"].splitlines() == [
        "MINOR ENDED watchlist.face at cam-1 (a-1)",
        "MINOR ENDED watchlist.face at Gate (a-2)",
    ]


def test_a_digest_that_was_told_in_vain_is_told_again_at_once():
    state = MemoryState()
    digests = Digests(Agenda(state, lambda value: value["next_at"], lambda *_: DIGEST), pause=3600_000_000, state=state)
    digests.add(0, "guards", ALERT, AT)
    digests.save()
    before = state.snapshot()
    assert len(digests.due([0, 1], AT + FIRST_AFTER)) == 1
    state.restore(before)
    assert len(digests.due([0, 1], AT + FIRST_AFTER + 1)) == 1
    digests.add(1, "guards", ALERT, AT + FIRST_AFTER + 2)
    digests.save()
    assert digests.due([0, 1], AT + 3 * FIRST_AFTER) == []


def test_a_digest_of_several_partitions_is_one_message():
    parts = {
        partition: {"since": AT + partition, "count": 1, "named": [["MINOR", "NEW", "Plate", f"a-{partition}"]],
                    "by": {"rule": {"plates": 1}, "site_id": {}, "severity": {"MINOR": 1}, "state": {}}}
        for partition in (1, 0)
    }  # fmt: skip
    told = digest("guards", parts, AT + 9)
    assert (told["count"], told["started_at"], len(told["triggers"])) == (2, AT, 2)
    assert told["description"].splitlines()[0] == "plates: 2"


def test_of_rules_fifty_are_counted_by_name_and_the_others_together():
    many = [{**ALERT, "rule": f"rule-{number:02}"} for number in range(COUNTED + 3)]
    said = collected(*many, many[0], many[-1])["parameters"]["by_rule"]
    assert said.startswith("(others): 4, rule-00: 2, rule-01: 1, ")
    assert len(said.split(", ")) == COUNTED + 1


def test_a_title_is_cut_and_the_first_ten_are_named_in_the_text_itself():
    told = collected(*({**ALERT, "title": "t" * 200, "alert_id": f"a-{number}"} for number in range(12)))
    rule, *lines = told["description"].splitlines()
    assert (rule, len(lines)) == ("plates: 12", 10)
    assert lines[0] == f"MINOR ENDED {'t' * 160} (a-0)"


def opened(pause, state=None):
    state = state or MemoryState()
    agenda = Agenda(state, lambda value: value["next_at"], lambda key, _: DIGEST if key.startswith(DIGEST) else "")
    return Digests(agenda, pause, state), agenda, state


def test_the_first_digest_of_a_storm_is_told_after_ten_seconds_and_the_next_one_after_a_pause():
    digests, _, state = opened(pause=60 * SECOND)
    digests.add(0, "guards", ALERT, AT)
    digests.save()
    assert digests.due_at() == AT + FIRST_AFTER
    assert digests.due([0], AT + FIRST_AFTER - 1) == []
    assert len(digests.due([0], AT + FIRST_AFTER)) == 1
    for again in (digests, opened(60 * SECOND, state)[0]):  # also where another worker goes on
        again.add(0, "guards", ALERT, AT + 20 * SECOND)
        again.save()
        assert again.due([0], AT + FIRST_AFTER + 60 * SECOND - 1) == []
    assert len(digests.due([0], AT + FIRST_AFTER + 60 * SECOND)) == 1


def test_while_the_last_digest_is_not_taken_more_is_collected_into_the_next():
    digests, agenda, _ = opened(pause=SECOND)
    digests.add(0, "guards", ALERT, AT)
    digests.save()
    [(place, told)] = digests.due([0], AT + FIRST_AFTER)
    ledger = Ledger(Ledger.empty(), "guards")
    ledger.append(told, "guards", -1, AT, "")
    agenda.put(*place, ledger.value)
    digests.add(0, "guards", ALERT, AT + 15 * SECOND)
    digests.save()
    assert digests.due([0], AT + 40 * SECOND) == []
    digests.add(0, "guards", ALERT, AT + 40 * SECOND)
    digests.save()
    agenda.delete(*place)
    assert digests.due([0], AT + 41 * SECOND - 1) == []
    [(_, told)] = digests.due([0], AT + 41 * SECOND)
    assert told["count"] == 2


def test_what_a_batch_that_failed_had_collected_is_in_no_digest():
    digests, _, _ = opened(pause=SECOND)
    digests.add(0, "guards", ALERT, AT)
    digests.forget()
    digests.save()
    assert digests.due_at() is None
