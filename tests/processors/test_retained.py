"""What an MQTT broker had kept says how things stand: conditions and ends pass as such, what happened once does not."""

import pytest

from fairwatch.domain.outcome import Emit, Skip
from fairwatch.processors.normalize import RETAINED, _retained
from tests.support.records import observation


@pytest.mark.parametrize(
    ("event_type", "active", "passes"),
    [
        ("tamper.covered", True, True),
        ("tamper.covered", False, True),
        ("zone.inside", False, True),
        ("zone.inside", True, False),
        ("line.crossed", None, False),
        ("tamper.covered", None, False),
    ],
)
def test_what_was_kept_passes_where_it_tells_how_things_stand(event_type, active, passes):
    said = observation(event_type) | {"active": active}
    assert RETAINED == "mqtt-retained"
    told = _retained(said, "cam-1")
    assert told == (Emit("observations", "cam-1", {**said, "lifecycle": "SYNC"}) if passes else Skip("retained"))


def test_what_says_nothing_of_being_active_happened_once():
    said = observation("tamper.covered")
    said.pop("active", None)
    assert _retained(said, "cam-1") == Skip("retained")
