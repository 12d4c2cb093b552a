"""`make walk`: from request to erasure, every forgery refused; whole where it is asked for, its forger by default."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairwatch.apps.walk.log import TARGET, rewritten
from fairwatch.policy.audit_chain import Head, link, verify
from tests.support.records import audit_record

ROOT = Path(__file__).resolve().parents[2]


def test_the_forger_of_the_log_gets_every_hash_right_and_leaves_nobody_elses_name():
    heads, log = {}, []
    for number in range(6):
        chain = f"audit-{number % 2}"
        log.append(dict(link(audit_record(number), chain, heads.get(chain, Head()))))
        heads[chain] = Head(log[-1]["sequence"], log[-1]["hash"])
    forged = rewritten(log)
    report = verify(forged)
    assert (report.records, report.faults) == (6, [])
    assert {record["actor"] for record in forged} == {TARGET}
    assert {record["hash"] for record in forged}.isdisjoint(record["hash"] for record in log)


@pytest.mark.skipif(not os.environ.get("FAIRWATCH_WALK"), reason="FAIRWATCH_WALK=1 goes the whole way: a minute")
@pytest.mark.timeout(180)
def test_the_whole_way_holds(tmp_path):
    command = [sys.executable, "-m", "fairwatch", "walk", "--folder", tmp_path / "walk"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "12 forgeries, 0 did not hold" in done.stdout
