"""Families of formats are declarations; Python is the exception."""

import subprocess
import sys

from tests.support.places import ROOT


def test_less_than_forty_percent_of_the_formats_is_python():
    done = subprocess.run(
        [sys.executable, "infra/tools/format_lines.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
