"""Logs: what they may not show."""

import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from fairwatch.telemetry import log
log.configure(json={json})
def fail(key):
    raise ValueError("no such thing")
try:
    fail("fw_" + "s3cret")
except ValueError:
    structlog.get_logger().exception("failed")
    import logging
    logging.getLogger("somebody").exception("failed too")
"""


@pytest.mark.parametrize("json", [True, False])
def test_no_form_of_log_prints_the_locals_of_a_frame(json):
    program = PROGRAM.format(json=json)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert said.count("no such thing") >= 2
    assert "fw_s3cret" not in said
