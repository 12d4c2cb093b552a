"""What sends, as a process of its own: its CPU is not the hub's, and told apart.

`python -m tests.benchmarks.load_process` reads a job (JSON, one line), makes all requests, prints `ready`, waits for
a line, sends, and prints what was sent as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import aiomqtt
from aiokafka import AIOKafkaProducer

from fairwatch.engine.collector import tune_collector
from tests.benchmarks.load_connection import HTTP_OK, Connection, register
from tests.benchmarks.load_requests import Observed, Prepared, messages, observations, posts, vehicles
from tests.benchmarks.pipeline_world import CAMERAS, Numbers, platform, platform_id

CONNECTIONS, MANY = 64, 256  # of devices at a given rate; when they send as fast as they are answered
TAKEN: Final = (HTTP_OK, 202)  # 202: a SOAP Notify
AGAIN_S: Final = 0.2
LEAD_S: Final = 1.0  # between the word to go and the first event
Send = Callable[[Any, float], None]


@dataclass
class Sent:
    """What was sent.

    Attributes:
        at: When, or when it was due with all connections busy, by event; seconds since 1970.
        refused: Answers other than 200 and 202, by status; such a request is sent again.
        answered: Events whose request was taken.
        taking_s: From the first request to the last answer.
    """

    at: dict[int, float] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    answered: int = 0
    taking_s: float = 0.0


class Devices:
    """Sends requests over connections: the next one where one is free and it is due.

    Args:
        requests: In the order in which they are due.
        began: Seconds since 1970 when the first is due.
        rate: Requests a second; None for as fast as they are answered.
        bound: Whether each device has a connection of its own.
    """

    def __init__(self, requests: Iterable[Prepared], began: float, rate: float | None, *, bound: bool) -> None:
        self.sent, self._began, self._bound = Sent(), began, bound
        self._step = 1 / rate if rate else 0.0
        self._waiting = deque(enumerate(requests))
        self._idle: dict[str, deque[Connection]] = {}
        self._under_way: dict[Connection, Prepared] = {}
        self._owners: dict[Connection, str] = {}
        self._left = len(self._waiting)
        self._loop = asyncio.get_running_loop()
        self.done = self._loop.create_future()

    def take(self, connection: Connection, device: str = "") -> None:
        """Send over this connection, too; those of its device alone where they are bound."""
        self._owners[connection] = device
        self._idle.setdefault(device, deque()).append(connection)

    def begin(self) -> None:
        """Send what is due, and come again when the next one is."""
        now = time.time()
        while self._waiting:
            place, prepared = self._waiting[0]
            due = self._began + place * self._step
            if due > now:
                self._loop.call_later(due - now, self.begin)
                return
            idle = self._idle[prepared.device if self._bound else ""]
            if not idle:
                return  # an answer goes on
            self._waiting.popleft()
            for number in prepared.numbers:
                self.sent.at[number] = due if self._step else now
            self._send(idle.popleft(), prepared)

    def _send(self, connection: Connection, prepared: Prepared) -> None:
        self._under_way[connection] = prepared
        connection.send(prepared.bytes())

    def answered(self, connection: Connection, status: int) -> None:
        """Take the next, or the same again."""
        prepared = self._under_way[connection]
        if status not in TAKEN:
            self.sent.refused[status] += 1
            if not status:
                self.done.set_exception(ConnectionResetError("the gateway hung up"))
                return
            self._loop.call_later(AGAIN_S, self._send, connection, prepared)
            return
        was_busy = not self._idle[self._owners[connection]]
        self._idle[self._owners[connection]].append(connection)
        self.sent.answered += len(prepared.numbers)
        self._left -= 1
        if not self._left:
            self.sent.taking_s = time.time() - self._began
            self.done.set_result(None)
        elif was_busy:
            self.begin()


async def send_http(job: dict[str, Any], numbers: Numbers, go: Callable[[], float]) -> Sent:
    """Send one event a request, or vehicles by GA/T 1400 where the job names `objects`."""
    host, port, keys, objects = job["host"], job["port"], job["keys"], job.get("objects")
    requests = list(vehicles(host, numbers, objects) if objects else posts(host, keys, numbers))
    rate = job["rate"] and job["rate"] / (objects or 1)
    loop, devices = asyncio.get_running_loop(), Devices(requests, 0.0, rate, bound=bool(objects))
    names = [platform(place) for place in range(CAMERAS)] if objects else [""] * (CONNECTIONS if rate else MANY)
    connections = []
    for place, name in enumerate(names):
        _, connection = await loop.create_connection(partial(Connection, devices.answered), host, port)
        connections.append(connection)
        if objects:
            await register(connection, host, name, platform_id(place), keys[name])
        devices.take(connection, name)
    tune_collector()
    devices._began = go()
    loop.call_later(devices._began - time.time(), devices.begin)
    await devices.done
    for connection in connections:
        connection.close()
    return devices.sent


async def send_mqtt(job: dict[str, Any], numbers: Numbers, go: Callable[[], float]) -> Sent:
    """Send over MQTT with QoS 1."""
    prepared = list(messages(numbers))
    async with aiomqtt.Client(job["host"], job["port"], username="camera", password=job["password"]) as client:
        client.pending_calls_threshold = MANY
        slots = asyncio.Semaphore(CONNECTIONS)

        async def publish(one: Prepared) -> None:
            async with slots:
                await client.publish(one.to, one.bytes(), qos=1)

        return await _in_time(prepared, job["rate"], go(), publish)


async def send_avro(job: dict[str, Any], numbers: Numbers, go: Callable[[], float]) -> Sent:
    """Write observations to Kafka, as a producer of its own does."""
    producer = AIOKafkaProducer(bootstrap_servers=job["bootstrap"], acks="all", linger_ms=2, max_batch_size=128 << 10)
    async with producer:
        began = time.time() + LEAD_S + numbers.count / 4000  # making them takes its time
        made = observations(numbers, lambda place: began + place / job["rate"])

        async def write(one: Observed) -> None:
            await (await producer.send("observations", one.value, one.key, headers=one.headers))

        go()
        return await _in_time(made, job["rate"], max(began, time.time()), write)


async def _in_time(waiting: list[Any], rate: float | None, began: float, send: Callable[[Any], Any]) -> Sent:
    sent, tasks = Sent(), []
    tune_collector()
    for place, one in enumerate(waiting):
        due = began + place / rate if rate else time.time()
        if (early_s := due - time.time()) > 0:
            await asyncio.sleep(early_s)
        elif place % CONNECTIONS == 0:
            await asyncio.sleep(0)
        for number in getattr(one, "numbers", None) or (one.number,):
            sent.at[number] = due
        tasks.append(asyncio.create_task(send(one)))
    await asyncio.gather(*tasks)
    sent.answered, sent.taking_s = len(waiting), time.time() - began
    return sent


SENDERS: Final = {"http": send_http, "viid": send_http, "mqtt": send_mqtt, "avro": send_avro}


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    cpu_s = [0.0]

    def go() -> float:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        cpu_s[0] = time.process_time()
        return time.time() + 0.05

    sent = asyncio.run(SENDERS[job["over"]](job, Numbers(*job["numbers"]), go))
    found = {
        "at": list(sent.at.items()), "refused": dict(sent.refused), "answered": sent.answered,
        "taking_s": sent.taking_s, "cpu_s": time.process_time() - cpu_s[0],
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
