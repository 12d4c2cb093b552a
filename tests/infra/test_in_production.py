"""The page "In production" does what it says: every block of it is rendered, loaded or run."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.receiver import ControlRoom
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.embedded import free_port, start_broker, start_valkey
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.stores.health import Health
from tests.helm.chart import CHART, ROOT, helm, needs_helm

PAGE = ROOT / "infra/docs/in-production.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
VALUES = {text.partition("\n")[0].removeprefix("# "): yaml.safe_load(text) for kind, text in BLOCKS if kind == "yaml"}
RECORDS = [text for kind, text in BLOCKS if kind == "json"]
STAGES = ("http", "normalize", "enrich", "route", "group", "notify")


def test_links_lead_somewhere():
    for path in re.findall(r"\]\((?!http)([^)#]+)", TEXT):
        assert (PAGE.parent / path).exists(), path
    assert "infra/docs/in-production.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@needs_helm
@pytest.mark.parametrize("more", [None, *(name for name in VALUES if name != "values.yaml"), "small-site"])
def test_values_render(more, tmp_path):
    chosen = [VALUES["values.yaml"], *([VALUES[more]] if more in VALUES else [])]
    arguments = []
    for number, values in enumerate(chosen):
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        arguments += ["--values", str(file)]
    if more == "small-site":
        arguments += ["--values", str(CHART / "values-small-site.yaml")]
    done = helm("template", "fairwatch", str(CHART), "--namespace", "fairwatch", *arguments)
    assert done.returncode == 0, done.stderr
    for name in ("deploy/fairwatch-console", "svc/fairwatch-http"):
        kind, _, resource = name.partition("/")
        assert name in TEXT
        assert re.search(
            rf"kind: {'Deployment' if kind == 'deploy' else 'Service'}\nmetadata:\n  name: {resource}\n", done.stdout
        )


def test_values_that_are_named_exist():
    everything = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for dotted in re.findall(r"`([a-z]\w+(?:\.\w+)+)`", TEXT):
        if dotted.startswith(("worker.", "schemas")) or dotted.split(".")[-1] in {"yaml", "io"}:
            continue
        found = everything
        for part in dotted.removesuffix(".*").split("."):
            if dotted.startswith("scaling.") and found is everything:
                found = everything["defaults"]
            assert part in found, dotted
            found = found[part]


def test_commands_that_are_named_exist():
    for first, second in set(
        re.findall(r"\bfairwatch (\w+) ?(\w*)", "\n".join(re.findall(r"`fairwatch [^`]+`", TEXT)))
    ):
        command = get_command(build([first]))
        assert first in command.commands, first
        group = getattr(command.commands[first], "commands", None)
        assert group is None or second in group, f"{first} {second}"


def test_messages_are_those_of_the_product():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    table = TEXT.partition("## Messages")[2]
    messages = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert len(messages) > 10
    assert [message for message in messages if message not in source] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.broker
@pytest.mark.timeout(180)
async def test_the_first_device_raises_the_first_alert(tmp_path):
    key, port = os.urandom(32).hex(), free_port()
    for name, content in VALUES["values.yaml"]["config"]["files"].items():
        filled = content.replace("0" * 64, hashlib.sha256(key.encode()).hexdigest())
        (tmp_path / name).write_text(filled, encoding="utf-8")
    room = ControlRoom("whsec_" + "A" * 32)
    with start_broker() as broker, start_valkey() as valkey:
        settings = {
            "FAIRWATCH_KAFKA_BOOTSTRAP": broker.address, "FAIRWATCH_EMBEDDED": "true",
            "FAIRWATCH_REDIS_URL": valkey.address, "FAIRWATCH_CONFIG_DIR": str(tmp_path),
            "FAIRWATCH_MEDIA_URL": f"file://{tmp_path}/media", "CONTROL_ROOM_SECRET": room.secret,
            "CONTROL_ROOM_URL": await room.start(), "FAIRWATCH_PORT": str(port),
        }  # fmt: skip
        await asyncio.to_thread(make_topics, Settings(kafka_bootstrap=broker.address, embedded=True, max_partitions=1))
        for topic, record in zip(("sites", "devices"), RECORDS, strict=True):
            command = [sys.executable, "-m", "fairwatch", "publish", topic, "-"]
            given = {"input": record.encode(), "env": {**os.environ, **settings}, "check": True}
            await asyncio.to_thread(subprocess.run, command, **given)
        components, health = Components(Path(tmp_path / "logs"), settings), Health(valkey.address)
        try:
            for stage in STAGES:
                await components.start(stage)
            async with asyncio.timeout(120):
                while {beat["component"] for beat in await health.read_all() if beat["ready"]} < set(STAGES):
                    components.check()
                    await asyncio.sleep(0.2)
                answer = await asyncio.to_thread(_as_the_page_says, key, port)
                assert answer.startswith("HTTP/1.1 200"), answer
                while not room.alerts:
                    components.check()
                    await asyncio.sleep(0.1)
        finally:
            await components.stop()
            await health.close()
            await room.stop()
    [alert] = room.alerts.values()
    assert alert["title"] == "Tampering at Platform 1"


def _as_the_page_says(key: str, port: int) -> str:
    """Run the page's own curl."""
    [script] = [text for kind, text in BLOCKS if kind == "sh" and "curl" in text]
    lines = [line for line in script.splitlines() if not line.startswith("kubectl")]
    text = "\n".join(lines).replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-c", text], env={**os.environ, "KEY": key}, capture_output=True, text=True, check=True
    )
    return done.stdout
