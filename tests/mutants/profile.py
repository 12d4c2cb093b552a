"""Plugin of pytest: property tests draw the same examples each time and remember none."""

import pytest
from hypothesis import HealthCheck, settings


def pytest_configure(config: pytest.Config) -> None:
    slow = [HealthCheck.too_slow]  # says something of the machine, not of a mutant
    settings.register_profile("mutants", derandomize=True, database=None, deadline=None, suppress_health_check=slow)
    settings.load_profile("mutants")
