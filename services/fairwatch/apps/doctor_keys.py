"""Whether the data keys of sealed pictures can be opened by the master keys that are here."""

from fairwatch.apps.doctor_finding import Finding, some
from fairwatch.apps.key_rotation import look
from fairwatch.apps.master_keys import data_keys
from fairwatch.apps.settings import Settings

LOOKED_AT = 500  # data keys; the newest days, and pictures by chance


async def data_key_store(settings: Settings) -> Finding:
    """Look at the newest data keys: a lost master key is lost pictures."""
    if data_keys(settings) is None:
        cure = "FAIRWATCH_MEDIA_KEY_FILE and FAIRWATCH_MEDIA_KEYS_URL (chart: mediaKey)"
        return Finding("data keys", "warning", "pictures are not sealed: copies of the store show them", cure)
    masters, found = await look(settings, LOOKED_AT)
    if found.lost:
        seen = f"{len(found.lost)} data keys were wrapped by a master key that is not here: {some(found.lost)}"
        return Finding("data keys", "bad", seen, "give it as FAIRWATCH_MEDIA_KEY_OTHER: no picture is read without")
    if left := found.counts["other"]:
        seen = f"{left} of {found.counts.total()} are still under the old master key"
        return Finding("data keys", "warning", seen, "fairwatch keys master rotate")
    return Finding("data keys", "good", f"{found.counts['current']} under the master key {masters.current.key_id}")
