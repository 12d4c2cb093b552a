"""The report tells apart when a killed worker works again and when the next alert comes; the bar is for the first."""

from io import StringIO
from typing import Any

from rich.console import Console

from tests.chaos.conductor import said
from tests.chaos.faults.fault import Happened
from tests.chaos.report import failures, kills, not_tried, results, show
from tests.chaos.verdict import Verdict


def killed(works_s: float | None, recovery_s: float | None = 20.0, **options: Any) -> Happened:
    return Happened("match killed", "SIGKILL", 2.0, recovery_s, is_kill=True, works_s=works_s, **options)


def test_a_slow_alert_is_not_held_against_a_worker_that_works_again_soon():
    found = kills([killed(4.0, recovery_s=31.0)])
    assert found["above_bar"] == []
    assert found["works_again"]["longest_s"] == 4.0
    assert found["next_alert"]["longest_s"] == 33.0, "since the SIGKILL, as the other"


def test_a_worker_that_works_again_late_or_never_is_named():
    assert kills([killed(3.0), killed(15.1), killed(None)])["above_bar"] == [
        "match killed: 15.1",
        "match killed: never",
    ]


def test_the_bar_is_for_kills_beside_which_the_brokers_were_well():
    found = kills([killed(3.0), killed(40.0, disturbed=True)])
    assert found["above_bar"] == []
    assert (found["works_again"]["longest_s"], found["works_again_brokers_well"]["longest_s"]) == (40.0, 3.0)


def test_a_broker_that_was_killed_is_no_worker():
    assert kills([Happened("broker 1 killed", "SIGKILL", 5.0, 60.0)])["count"] == 0


def test_both_times_are_printed():
    happened = [killed(4.0, recovery_s=31.0), killed(16.0)]
    verdict = Verdict()
    run = {"seed": 1, "events": 1, "failed_faults": []}
    text = StringIO()
    show(Console(file=text, width=200), results(verdict, happened, run), verdict)
    assert (
        "works again, brokers and registry well (bar 15 s): 1 of 2 within the bar; median 10.0 s, longest 16.0 s"
        in (text.getvalue())
    )
    assert "longest 33.0 s" in text.getvalue()
    assert "ABOVE THE BAR: match killed: 16.0" in text.getvalue()


def test_each_fault_is_told_in_one_line():
    assert said(killed(4.04)) == (
        "match killed (SIGKILL) for 2 s: works again 4.0 s after SIGKILL, flows again after 20.0 s"
    )
    assert said(killed(None, None)) == "match killed (SIGKILL) for 2 s: DOES NOT WORK AGAIN, NOT RECOVERED"
    assert said(Happened("Redis", "", 5.0, 1.0)) == "Redis (-) for 5 s: flows again after 1.0 s"


def failed(happened: list[Happened], wanted: list[str], verdict: Verdict | None = None, *broken: str) -> list[str]:
    verdict = verdict or Verdict()
    run = {"seed": 1, "events": 1, "failed_faults": list(broken)}
    return failures(results(verdict, happened, run), verdict, wanted)


def test_a_run_in_which_all_happened_and_nothing_was_wrong_has_not_failed():
    assert failed([killed(4.0)], ["match killed"]) == []


def test_a_fault_that_did_not_happen_fails_the_run():
    assert failed([killed(4.0)], ["match killed", "broker 1 frozen"]) == ["did not happen in time: broker 1 frozen"]


def test_a_run_that_was_to_be_shorter_tells_what_was_not_tried_and_has_not_failed():
    found = results(Verdict(), [killed(4.0)], {"seed": 1, "events": 1, "failed_faults": []})
    wanted = ["match killed", "broker 1 frozen"]
    assert not_tried(found, wanted) == ["broker 1 frozen"]
    assert failures(found, Verdict(), wanted, whole=False) == []


def test_a_short_run_judges_no_times():
    run = {"seed": 1, "events": 1, "failed_faults": []}
    found = results(Verdict(), [killed(16.0)], run)
    assert failures(found, Verdict(), [], timed=False) == []
    assert failures(found, Verdict(), []) == ["above the bar: match killed: 16.0"]


def test_everything_else_that_is_wrong_fails_the_run_and_is_named():
    assert failed([killed(16.0, None)], [], Verdict(lost=["a", "b"]), "Redis: away") == [
        "2 lost",
        "not recovered: match killed",
        "could not be made to happen, or to end: Redis: away",
        "above the bar: match killed: 16.0",
    ]
