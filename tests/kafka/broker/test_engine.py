"""The engine's whole suite once more, on Apache Kafka."""

from tests.engine.test_recovery import *  # noqa: F403
from tests.engine.test_worker import *  # noqa: F403
