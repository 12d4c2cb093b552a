"""`fairwatch devices disable` and `enable`."""

import asyncio

from rich.console import Console

from fairwatch.apps.device_admin.register import Change, Register, publish
from fairwatch.apps.settings import settings
from fairwatch.cli.devices.arguments import DeviceId, Reason


def disable(device_id: DeviceId, reason: Reason = "") -> None:
    """Let a device in no more; gateways refuse it within a second, and what it sent before stays."""
    _switch(device_id, reason, enabled=False)


def enable(device_id: DeviceId, reason: Reason = "") -> None:
    """Let a device in again."""
    _switch(device_id, reason, enabled=True)


def _switch(device_id: str, reason: str, *, enabled: bool) -> None:
    chosen = settings()
    register = Register.read(chosen)
    record = {**register.record(device_id), "enabled": enabled}
    action = "device.enabled" if enabled else "device.disabled"
    asyncio.run(publish(chosen, register, [Change(action, record)], reason))
    Console(stderr=True).print(f"[green]✓[/] {device_id} is {action.partition('.')[2]}", highlight=False)
