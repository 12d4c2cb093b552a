"""Walks from the first step to the last, and says whether everything held."""

import time
from pathlib import Path

import aiohttp
from rich.console import Console

from fairwatch.apps.demo import world
from fairwatch.apps.demo.stage import CHAINED, EMBEDDED, Servers, set_stage
from fairwatch.apps.printing import shown
from fairwatch.apps.walk import log
from fairwatch.apps.walk.ground import Ground, Line, OffTheWayError, build
from fairwatch.apps.walk.steps import walk

GATEWAYS = ("http",)
WORKERS = (*CHAINED, "retain")


async def run_walk(folder: Path, models: Path, out: Console, servers: Servers = EMBEDDED) -> int:
    """Walk; return 0 when every line held.

    Args:
        folder: Emptied, then holds configuration, media and logs of this run.
        models: Folder that `make models` made.
        out: Where to write.
        servers: To walk on; the embedded ones by default.
    """
    began, references = time.monotonic(), list[dict[str, object]]()

    def say(line: Line) -> None:
        mark = "[green]✓[/]" if line.held else "[red]✗[/]"
        at = f"[dim]{time.monotonic() - began:5.1f} s[/]"
        seen = f" [dim]{shown(line.seen)}[/]" if line.seen else ""
        out.print(f"{at} {mark} {shown(line.what)}{seen}", highlight=False)

    def tell(text: str) -> None:
        out.print(f"[dim]{time.monotonic() - began:5.1f} s   {shown(text)}[/]", highlight=False)

    def build_with(reference: dict[str, object]) -> world.World:
        references.append(reference)
        return build(reference)

    stage_of = set_stage(folder, models, tell, servers, WORKERS, GATEWAYS, build_with)
    async with stage_of as stage:
        ground = Ground.of(stage, references[0], say)
        try:
            await walk(ground)
            await log.verify(ground)
        except (OffTheWayError, aiohttp.ClientError) as error:
            ground.note("the walk is gone to its end", held=False, seen=str(error))
    failed = [line for line in ground.lines if not line.held]
    tried = sum(line.what.startswith("forgery") for line in ground.lines)
    out.print(f"{len(ground.lines)} lines, {tried} forgeries, {len(failed)} did not hold", highlight=False)
    return 1 if failed else 0
