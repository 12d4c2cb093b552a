"""Plays the demo from the first process to the last, and says whether everything came out as it must."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import aiomqtt
from rich.console import Console
from rich.live import Live
from rich.table import Table

from fairwatch.apps.demo import world
from fairwatch.apps.demo.anchored import anchor, anchor_check
from fairwatch.apps.demo.cameras.frigate import FrigateRecorder
from fairwatch.apps.demo.cameras.gat1400 import GatPlatform
from fairwatch.apps.demo.cameras.hikvision import HikvisionCamera
from fairwatch.apps.demo.cameras.onvif import OnvifCamera
from fairwatch.apps.demo.checks import EXPECTED_RULES, Check, alert_checks, record_checks, until
from fairwatch.apps.demo.credentials import PEOPLE
from fairwatch.apps.demo.reviewer import Reviewer
from fairwatch.apps.demo.stage import EMBEDDED, PROCESSORS, Servers, Stage, set_stage
from fairwatch.apps.demo.story import Cast, OffScriptError, play
from fairwatch.apps.demo.table import stage_table
from fairwatch.apps.reading import read_everything
from fairwatch.edges.mqtt.gateway import MqttAddress

SETTLE_S = 20.0
REFRESH_S = 0.5


async def run_demo(
    folder: Path,
    models: Path,
    seconds: float,
    *,
    wait: bool,
    out: Console,
    servers: Servers = EMBEDDED,
    workers: Sequence[str] = PROCESSORS,
) -> int:
    """Play the story; return 0 when every check held.

    Args:
        folder: Emptied, then holds configuration, media and logs of this run.
        models: Folder that `make models` made.
        seconds: How long the cameras send.
        wait: Keep the console open until Ctrl-C.
        out: Where to write.
        servers: To play on; the embedded ones by default.
        workers: What runs as a process each; every processor by itself by default.
    """
    began = time.monotonic()

    def say(text: str) -> None:
        out.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {text}", highlight=False)

    async with set_stage(folder, models, say, servers, workers) as stage:
        _welcome(stage, out)
        async with _cast(stage, say) as cast, _live_table(stage, out):
            stage.components.check()
            played = await _played(cast, seconds)
            await _settled(stage)
            await asyncio.to_thread(anchor, stage.settings, folder)
        checks = [played, *await _judge(stage, folder)]
        out.print(stage_table(await stage.health.read_all(), "What went through"))
        out.print(_summary(checks))
        if wait:
            out.print(f"The console stays open at {stage.addresses['console']} until Ctrl-C.")
            with suppress(asyncio.CancelledError):  # which is what Ctrl-C comes as
                await asyncio.Event().wait()
    return 0 if all(check.held for check in checks) else 1


def _welcome(stage: Stage, out: Console) -> None:
    out.print(f"\n  [bold]console[/bold]  {stage.addresses['console']}", highlight=False)
    for name in PEOPLE:
        out.print(f"  [bold]{name}[/bold]    password {stage.credentials.people[name]}", highlight=False)
    out.print(f"  [bold]logs[/bold]     {os.path.relpath(stage.components.logs)}\n", highlight=False)


@asynccontextmanager
async def _cast(stage: Stage, say: Callable[[str], None]) -> AsyncIterator[Cast]:
    """Bring everybody on stage, each with an own connection."""
    http, viid, console = (stage.addresses[name] for name in ("http", "viid", "console"))
    secrets = stage.credentials
    async with AsyncExitStack() as stack:

        async def session(user: str = "") -> aiohttp.ClientSession:
            middlewares = (aiohttp.DigestAuthMiddleware(user, secrets.digest[user]),) if user else ()
            return await stack.enter_async_context(aiohttp.ClientSession(middlewares=middlewares))

        hikvision = {
            name: HikvisionCamera(await session(name), f"{http}/v1/push/{name}", name, mac)
            for name, mac in world.HIKVISION.items()
        }
        plain = await session()
        onvif = {
            name: OnvifCamera(plain, f"{http}/v1/onvif/{name}", {"X-Api-Key": secrets.keys[name]})
            for name in world.ONVIF
        }
        mqtt = MqttAddress.parse(stage.addresses["mqtt"])
        client = aiomqtt.Client(mqtt.host, mqtt.port, username=mqtt.username, password=mqtt.password)
        frigate = FrigateRecorder(await stack.enter_async_context(client), "frigate")
        platform = GatPlatform(await session("gat-platform"), plain, viid, world.GAT_PLATFORM)
        reviewers = []
        for name in PEOPLE:
            reviewer = await Reviewer.sign_in(console, name, secrets.people[name])
            stack.push_async_callback(reviewer.close)
            reviewers.append(reviewer)
        yield Cast(hikvision, onvif, frigate, platform, reviewers, stage.pictures, say)


@asynccontextmanager
async def _live_table(stage: Stage, out: Console) -> AsyncIterator[None]:
    """Show the stages while the block runs; on a pipe nothing, since a log needs no animation."""
    if not out.is_terminal:
        yield
        return
    with Live(console=out, refresh_per_second=2, transient=True) as live:

        async def refresh() -> None:
            while True:
                live.update(stage_table(await stage.health.read_all(), "Live"))
                await asyncio.sleep(REFRESH_S)

        task = asyncio.create_task(refresh())
        try:
            yield
        finally:
            task.cancel()


async def _played(cast: Cast, seconds: float) -> Check:
    """Play, and tell whether all went as the story has it."""
    try:
        await play(cast, seconds)
    except (OffScriptError, aiohttp.ClientError) as error:
        return Check("the story is played to its end", held=False, seen=str(error))
    return Check("the story is played to its end", held=True, seen="every device was answered as it should be")


async def _settled(stage: Stage) -> None:
    """Wait for the expected alerts, then a moment for any that must not come."""
    room = stage.room
    try:
        await until(lambda: all(room.of_rule(rule) for rule in EXPECTED_RULES), SETTLE_S)
    except TimeoutError:
        return
    await asyncio.sleep(2.0)


async def _judge(stage: Stage, folder: Path) -> list[Check]:
    records = await asyncio.to_thread(lambda: list(read_everything(stage.settings)))
    chained = (record for topic, _, record in records if topic == "audit-chain")
    return [*alert_checks(stage.room), *record_checks(records), anchor_check(chained, folder)]


def _summary(checks: list[Check]) -> Table:
    table = Table("", "what was promised", "what was seen", title="Summary", title_justify="left")
    for check in checks:
        table.add_row("[green]✓[/]" if check.held else "[red]✗[/]", check.promise, check.seen)
    return table
