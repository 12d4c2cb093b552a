"""Two conditions that exclude each other are told apart from those that do not, and from what is not understood."""

import pytest

from fairwatch.policy.conjuncts import exclude


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ('site_id == "a"', 'site_id == "b"', True),
        ('site_id == "a"', "site_id == 'a'", False),
        ('site_id == "a"', 'kind == "FACE"', False),
        ('site_id == "a && b"', 'site_id == "a"', True),
        ('site_id != "a"', 'site_id == "a"', True),
        ('site_id in ["a", "b"]', 'site_id in ["c"]', True),
        ('site_id in ["a", "b"]', 'site_id in ["b", "c"]', False),
        ('site_id in ["a", "b"] && site_id != "b"', 'site_id in ["b"]', True),
        ("hour < 6", "hour >= 6", True),
        ("hour <= 6", "hour >= 6", False),
        ("hour <= 6 && hour != 6", "hour >= 6", True),
        ("hour < 6", "hour > 5", False),  # a whole number has none between: it is not looked at what a field may be
        ("confidence >= 0.5 && hour < 6", "hour < 6 && confidence < 0.5", True),
        ("hour == 7", "hour < 6", True),
        ("hour in [5, 7]", "hour < 6", False),
        ("device_known == true", "!device_known", True),
        ("site.armed", "site.armed == false", True),
        ("site.armed", "site.armed == true", False),
        ("!site.armed", "site.armed == false", False),
        ("true", "site.armed", None),
        ("!false", "site.armed", None),
        ("hour < 6 || hour > 22", "hour == 12", None),
        ('"x" in zones', '!("x" in zones)', None),
        ('(hour < 6 && site_id == "a")', "hour > 7", None),
        ('event_type.startsWith("a")', 'event_type == "b"', None),
        ('facts["a"] == "x"', 'facts["a"] == "y"', None),
        ('site_id < "a"', 'site_id > "b"', None),
    ],
)
def test_conditions_that_never_hold_together_are_found(one, other, told):
    assert exclude(one, other) is told
    assert exclude(other, one) is told


@pytest.mark.parametrize(
    ("bounds", "excluded"),
    [
        (("hour >= 6", "hour > 6", "hour <= 6"), True),
        (("hour > 6", "hour >= 6", "hour <= 6"), True),
        (("hour >= 6", "hour <= 6"), False),
        (("hour <= 6", "hour < 6", "hour >= 6"), True),
        (("hour >= 6", "hour <= 6", "hour != 6"), True),
    ],
)
def test_of_two_bounds_at_one_value_the_one_that_leaves_it_out_counts(bounds, excluded):
    assert exclude(*bounds) is excluded
