"""Whether the processors that run ask who wrote candidates, verdicts and alerts."""

from fairwatch.apps.doctor_finding import Finding, some
from fairwatch.apps.settings import Settings
from fairwatch.stores.health import Health

CURE = "give every processor the same FAIRWATCH_CHAIN_KEY (chart: chainKey)"
WORDS = ("none", "accepted", "asked")  # as `Bonds.said`
NEXT = "take FAIRWATCH_UNBOUND=accept away when what was written before is read"


async def bonds(settings: Settings) -> Finding:
    """Look at what the processors say of it with their signs of life."""
    health = Health(settings.redis_url.get_secret_value())
    try:
        beats = [beat for beat in await health.read_all() if "bonds" in beat]
    finally:
        await health.close()
    said = {word: sorted(str(beat["component"]) for beat in beats if beat["bonds"] == word) for word in WORDS}
    if said["none"]:
        seen = f"nobody asks who wrote candidates, verdicts and alerts: {some(said['none'])}"
        return Finding("bonds", "bad", seen, CURE)
    if said["accepted"]:
        return Finding("bonds", "warning", f"what nobody of ours wrote is taken: {some(said['accepted'])}", NEXT)
    if not said["asked"]:
        return Finding("bonds", "warning", "no processor runs that says whether it asks who wrote a record", "start it")
    seen = f"{len(said['asked'])} processors take from each other only what is proved to be theirs"
    return Finding("bonds", "good", seen)
