"""What people read of an alert: the line in a list, and the message."""

import pytest

from fairwatch.sinks.text import headline, plain
from tests.support.records import AT, trigger


def test_a_message_for_people_says_all_they_need_to_know_in_lines():
    alert = trigger(
        alert_id="a-1",
        title="Gate forced",
        description="The lens is covered.",
        state="UPDATED",
        severity="SEVERE",
        site_name="Harbour",
        zones=["quay", "gate"],
        device_ids=["cam-1", "cam-2"],
        ended_at=AT + 60_000_000,
        count=3,
        acknowledged_by="ann",
        exercise=True,
        parameters={"skipped_revisions": "2"},
        causes=[{"state": "FIRING", "event_type": "tamper.covered", "device_id": "cam-1"}],
    )
    assert plain(alert, "d-7").splitlines() == [
        "TEST: UPDATE: Gate forced",
        "",
        "This is a test: nothing has happened.",
        "The lens is covered.",
        "State: UPDATED",
        "Severity: SEVERE",
        "Site: Harbour",
        "Zones: quay, gate",
        "Device: cam-1, cam-2",
        "Began: 2026-01-01T00:00:00.000000Z",
        "Last: 2026-01-01T00:00:00.000000Z",
        "Ended: 2026-01-01T00:01:00.000000Z",
        "Times: 3",
        "Acknowledged by: ann",
        "Revisions skipped: 2",
        "- FIRING: tamper.covered of cam-1",
        "",
        "alert a-1",
        "delivery d-7",
    ]


@pytest.mark.parametrize(
    ("alert", "line"),
    [
        ({"state": "NEW"}, "Gate forced"),
        ({"state": "ENDED"}, "ENDED: Gate forced"),
        ({"state": "CANCELLED"}, "CANCELLED: Gate forced"),
        ({"state": "ENDED", "exercise": True}, "TEST: ENDED: Gate forced"),
        ({"title": "", "event_type": "line.crossed"}, "line.crossed"),
    ],
)
def test_the_first_line_says_what_became_of_which_alert(alert, line):
    assert headline(trigger(**{"title": "Gate forced", **alert})) == line
    assert headline({}) == "Alert"


def test_a_description_is_cut_at_four_thousand_characters_and_said_to_be():
    for length, cut in ((4_000, False), (4_001, True)):
        lines = plain(trigger(description="d" * length), "d-0").splitlines()
        assert ("d" * 4_000 + "…" in lines) is cut
        assert ("d" * 4_000 in lines) is not cut
