"""What `make chaos` lets go wrong: nothing of it may be left out unnoticed."""

from fairwatch.apps.demo.stage import GATEWAYS, PROCESSORS
from fairwatch.engine.config import EngineConfig
from tests.chaos.faults import catalogue
from tests.chaos.faults.workers import Frozen, Jump

SESSION_S = EngineConfig("").session_timeout_s
REQUIRED = {
    "a worker stands still for longer than its session": {"a worker frozen", "group frozen", "notify frozen"},
    "a broker stands still": {"broker 1 frozen", "broker 2 frozen"},
    "SIGKILL between an output and its state": {
        f"{name} killed after its output" for name in ("group", "notify", "audit", "verify")
    },
    "SIGKILL between the state and the offsets": {"group killed after its state", "notify killed after its state"},
    "the network is cut one way": {"network cut: no answer comes back", "network cut: no request gets out"},
    "only the disk of the state's leader is full": {"the disk of the state's leader is full"},
    "a clock is an hour off": {
        "the clock of a worker jumps +60 min", "the clock of a worker jumps -60 min",
        "the clock of group jumps +60 min", "the clock of verify jumps -60 min",
    },
    "receivers are slow, down and flap": {
        "the sink is slow", "the sink is down", "the sink is well and answers 500 by turns",
    },
    "each processor and gateway is killed": {f"{name} killed" for name in (*PROCESSORS, *GATEWAYS)},
}  # fmt: skip


def test_the_long_run_has_every_fault_that_is_required():
    names = {fault.name for fault in catalogue.every()}
    assert {what: sorted(wanted - names) for what, wanted in REQUIRED.items() if wanted - names} == {}


def test_each_fault_has_a_name_of_its_own_so_that_none_counts_for_another():
    for faults in (catalogue.every(), catalogue.short()):
        names = [fault.name for fault in faults]
        assert len(names) == len(set(names))


def test_a_worker_stands_still_for_longer_than_its_session():
    frozen = [fault for fault in catalogue.every() if isinstance(fault, Frozen)]
    assert min(fault.holds_s[0] for fault in frozen) > SESSION_S


def test_a_clock_that_is_an_hour_off_stays_so_for_a_minute_at_least():
    jumps = [fault for fault in catalogue.every() if isinstance(fault, Jump) and "60 min" in fault.name]
    assert min(fault.holds_s[0] for fault in jumps) >= 60


def test_the_short_run_has_only_faults_of_the_long_one():
    assert {fault.name for fault in catalogue.short()} <= {fault.name for fault in catalogue.every()}
