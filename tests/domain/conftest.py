"""What tests of the domain share."""

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.memory import Memory
from tests.support.processor_world import MemoryState
from tests.support.records import AT


class Log:
    """One partition of a topic; each batch finds the state as the one before has saved it."""

    def __init__(self):
        self.state, self.now = MemoryState(), AT

    def do(self, *things):
        """Say of each (offset, id, when it happened) whether it repeats."""
        memory = Memory(self.state, 0, self.now)
        answers = [memory.repeats(Event("things", "Thing", {}, offset=offset), name, at) for offset, name, at in things]
        memory.save()
        return answers

    @property
    def index(self):
        return dict(self.state.items(0))["\0memory"]


@pytest.fixture
def log():
    return Log()
