"""Whether what `retain` deletes is vouched for by somebody whom `trust.yaml` believes."""

import asyncio

from fairwatch.apps import keys
from fairwatch.apps.doctor_finding import Finding
from fairwatch.apps.settings import Settings
from fairwatch.stores.health import Health

CURE = "give retain retain.pem as FAIRWATCH_SIGNING_KEY_FILE (chart: receiptKey)"
NAME_IT = "name its public half under receipts in trust.yaml"


async def receipts(settings: Settings) -> Finding:
    """Look at what `retain` says that it signs with; its receipts are of no use to anybody who doubts them without."""
    health = Health(settings.redis_url.get_secret_value())
    try:
        beats = [beat for beat in await health.read_all() if "retain" in str(beat["component"]).split("+")]
    finally:
        await health.close()
    if not beats:
        return Finding(
            "receipts", "warning", "retain is not running: nothing is deleted by age", "fairwatch run retain"
        )
    used = {str(beat.get("signs", "")) for beat in beats}
    if "" in used:
        return Finding("receipts", "bad", "retain runs without a key: nobody can check its receipts", CURE)
    believed = {key.key_id for key in keys.receipt_keys(settings)}
    if used <= believed:
        return Finding("receipts", "good", f"retain signs with {', '.join(sorted(used))}")
    people = {key["key_id"] for key in (await asyncio.to_thread(keys.known_keys, settings)).values()}
    shared = {key.key_id for key in keys.anchors(settings)} | people
    if used - believed <= shared:
        seen = "retain signs with a key that may speak for people: whoever takes its pod can decide"
        return Finding("receipts", "warning", seen, f"{CURE}, and {NAME_IT}")
    return Finding("receipts", "bad", "retain signs with a key that nobody here believes", NAME_IT)
