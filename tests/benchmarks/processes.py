"""What processes cost: the seconds of CPU and the memory of a worker with its children, and of a broker's container."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.kafka_cluster import Broker

MIB = 1 << 20
TURNS = 3_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds so far, and MiB of memory now."""

    cpu_s: float
    mib: float


def cost(pid: int, *, family: bool = True) -> Cost:
    """Return what a process (and its children, as a family) costs; nothing once it is gone."""
    cpu_s = mib = 0.0
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *(parent.children(recursive=True) if family else ())):
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                cpu_s += times.user + times.system
                mib += process.memory_info().rss / MIB
    return Cost(cpu_s, mib)


def peak_mib(pid: int) -> float:
    """Return the most memory that a process ever had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} is gone")


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU seconds of several processes together."""
    return sum(cost(pid).cpu_s for pid in pids)


def pid_of(broker: Broker) -> int:
    """Return the process of a broker's container."""
    container = broker.get_wrapped_container()
    container.reload()
    return int(container.attrs["State"]["Pid"])


def spin(turns: int = TURNS) -> float:
    """Do a fixed amount of work in Python; return the CPU seconds it took."""
    began, total = time.process_time(), 0
    for number in range(turns):
        total += number & 7
    return time.process_time() - began
