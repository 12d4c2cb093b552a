"""Every label that a matcher may name, and repetitions of a calendar that never end."""

from datetime import date, timedelta

import pytest

from fairwatch.policy.icalendar import days_of
from fairwatch.policy.matchers import labels_of, matcher
from tests.support.records import trigger

SAID = {
    "alert_id": "x", "authorisation_id": "x", "category": "x", "device_ids": ["x"], "entry_id": "x", "event_type": "x",
    "group": "x", "rule": "x", "severity": "x", "parent_ids": ["x"], "site_id": "x", "zones": ["x"],
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_matcher_may_name_each_label_and_hears_what_an_alert_says_of_it(name):
    label = {"device_ids": "device_id", "parent_ids": "parent_id"}.get(name, name)
    alert = {**trigger("g"), name: SAID[name]}
    assert matcher(f"{label}=x").holds(labels_of(alert))
    assert not matcher(f"{label}!=x").holds(labels_of(alert))


def test_a_day_that_comes_back_for_ever_is_asked_about_no_longer_than_needed(tmp_path):
    path = tmp_path / "daily.ics"
    path.write_text(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n"
    )
    first = date(2026, 1, 1)
    assert sorted(days_of(path, first, date(2026, 1, 9))) == [first + timedelta(days=number) for number in range(9)]
