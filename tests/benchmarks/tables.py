"""The tables that `make bench` prints: what was measured beside its bar, and where the time goes."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

JSON_BAR, XML_BAR = 10_000, 4_000
RATIO_BARS = {"aiokafka_loop": 1.0, "aiokafka_loop_transactions": 1.0, "faust_stock": 5.0, "quix_streams": 1.0}
LATENCY_BARS = {"http at 100/s": (20, 80), "http at 1,000/s": (50, 250)}  # p50 and p99 in ms, on Apache Kafka
SUSTAINED_BAR = 3000
LANE_BAR_MS, DELIVERIES_BAR = 200, 1_000
Line = tuple[str, str, str, bool]


def verdicts(found: dict[str, Any], title: str) -> Table:
    """Return what was measured, its bar, and whether that is held."""
    table = Table("", "measured", "bar", "", title=title)
    for what, measured, bar, held in (*_engine(found), *_adapters(found), *_pipeline(found), *_lanes(found)):
        table.add_row(what, measured, bar, "" if not bar else "✓" if held else "✗")
    return table


def _engine(found: dict[str, Any]) -> Iterator[Line]:
    for broker, speeds in found.get("engine", {}).items():
        for name, speed in speeds.items():
            rate, cpu = speed["events_per_s"], speed["cpu_us"]["median"]
            text = f"{rate['min']:,.0f} / {rate['median']:,.0f} / {rate['max']:,.0f} a second, {cpu:.0f} us of CPU"
            yield f"engine, {broker}: {name}, least/median/most", text, "", True
        for name, bar in RATIO_BARS.items():
            if name in speeds:
                ratio = speeds[name]["ratio"]
                text = f"{ratio['min']:.2f} / {ratio['median']:.2f} / {ratio['max']:.2f} x"
                yield f"… ours against {name}", text, f"≥ {bar:g} x", ratio["median"] >= bar


def _adapters(found: dict[str, Any]) -> Iterator[Line]:
    for name, speed in found.get("adapters", {}).items():
        bar = XML_BAR if name.endswith("xml") else JSON_BAR
        rate = speed["events_per_s"]
        yield f"adapter {name}", f"{rate:,.0f}/s", f"≥ {bar:,}/s", rate >= bar


def _pipeline(found: dict[str, Any]) -> Iterator[Line]:
    for broker, shapes in found.get("pipeline", {}).items():
        for shape, phases in shapes.items():
            for phase, flow in phases.items():
                what = f"pipeline, {broker}, {shape}: {phase}"
                if phase.startswith("sustained"):
                    rate, share = flow["rate"], flow["alerts_share"]
                    text = f"{rate:,}/s, 1 in {1 / share:.0f} an alert, p50 {flow['p50_ms']:.0f} ms"
                    yield what, text, f"≥ {SUSTAINED_BAR:,}/s", rate >= SUSTAINED_BAR
                elif phase != "warm-up":
                    p50, p99 = LATENCY_BARS.get(phase, (0, 0)) if broker == "kafka" else (0, 0)
                    bar = f"p50 ≤ {p50}, p99 ≤ {p99} ms" if p50 else ""
                    text = f"p50 {flow['p50_ms']:.1f}, p99 {flow['p99_ms']:.1f} ms of {flow['events']} alerts"
                    yield what, text, bar, flow["p50_ms"] <= p50 and flow["p99_ms"] <= p99


def _lanes(found: dict[str, Any]) -> Iterator[Line]:
    for broker, phases in found.get("lanes", {}).items():
        steady, backlog = phases["steady"], phases["backlog"]
        what = f"deliveries, {broker}: four of five receivers in trouble, 50 alerts a second"
        text = f"p50 {steady['p50_ms']:.0f}, p99 {steady['p99_ms']:.0f} ms of {steady['alerts']:,} alerts"
        yield what, text, f"p99 ≤ {LANE_BAR_MS} ms", steady["p99_ms"] <= LANE_BAR_MS
        rate = backlog["deliveries_per_s"]
        what = f"deliveries, {broker}: backlog of {backlog['alerts']:,}, its 20 EXTREME by {backlog['last_extreme']}"
        yield (
            what,
            f"{rate:,.0f}/s, {backlog['cpu_us']:.0f} us of CPU each",
            f"≥ {DELIVERIES_BAR:,}/s",
            rate >= DELIVERIES_BAR,
        )


def hop_tables(pipelines: dict[str, Any]) -> Iterator[Table]:
    """Yield tables for each deployment: what an event costs, and where its time goes at each rate."""
    for broker, shapes in pipelines.items():
        for shape, phases in shapes.items():
            yield _costs(f"CPU an event, us, {broker}, {shape}", phases)
            for phase, flow in phases.items():
                for kind, rows in flow.get("hops", {}).items():
                    yield _hops(f"{kind}, {phase}, {broker}, {shape}: ms", rows, flow["batch_ms"])


def _costs(title: str, phases: dict[str, Any]) -> Table:
    names = [name for name, flow in phases.items() if "hops" not in flow]
    table = Table("process", *names, title=title)
    for process in phases[names[0]]["cpu_us"]:
        table.add_row(process, *(f"{phases[name]['cpu_us'][process]:,.0f}" for name in names))
    table.add_row("all", *(f"{sum(phases[name]['cpu_us'].values()):,.0f}" for name in names))
    return table


def _hops(title: str, rows: dict[str, Any], batches: dict[str, Any]) -> Table:
    names = list(dict.fromkeys(step for steps in batches.values() for step in steps))
    parts = ("waiting and handling", "acknowledged and readable")
    table = Table("hop", "p50", "p99", *parts, *(f"mean of {name}" for name in names), title=title)
    for name, row in rows.items():
        steps = {
            step: mean for worker, found in batches.items() if name in worker.split("+") for step, mean in found.items()
        }
        means = [f"{steps[step]:.1f}" if step in steps else "" for step in names]
        numbers = [f"{row[part]:.1f}" for part in ("p50_ms", "p99_ms", "to_made_ms", "to_readable_ms")]
        table.add_row(name, *numbers, *means)
    return table
