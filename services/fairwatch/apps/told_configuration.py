"""What a component was started with: the audit log has the hash of each file of configuration that it read."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import structlog

from fairwatch.apps.kafka import producer
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import FairwatchError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Publisher
from fairwatch.domain.records import AuditRecord

ACTION = "configuration.read"
ORIGIN = "origin.json"  # beside the files, by `config fetch`
KINDS = frozenset({".yaml", ".ics", ".cedar", ".signatures"})
log = structlog.get_logger()


def files_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of configuration by its name; none where there is no folder."""
    found = sorted(path for path in folder.glob("*") if path.suffix in KINDS and path.is_file())
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in found}


def origin_of(folder: Path) -> dict[str, str]:
    """Return whose the files are: the commit that they were fetched of, its author and who signed it.

    Files that came otherwise (a ConfigMap, a hand) do not say who wrote them: then that is said.
    """
    try:
        said = json.loads((folder / ORIGIN).read_text("utf-8"))
        found = {name: str(said[name]) for name in ("commit", "author", "signer") if said.get(name)}
    except (OSError, ValueError, TypeError, AttributeError):
        found = {}
    return {f"by {name}": text for name, text in found.items()} or {"by": "unknown: the files came from no Git commit"}


def told(component: str, files: Mapping[str, str], at: int) -> AuditRecord:
    """Return the audit record: of the same files it is the same one, which the log has once; `at` in microseconds."""
    return {
        "audit_id": stable_id("audit", ACTION, component, *(word for each in files.items() for word in each)),
        "action": ACTION,
        "actor": f"component:{component}",
        "at": at,
        "subject": f"component:{component}",
        "details": dict(files),
    }


async def tell(settings: Settings, component: str, publisher: Publisher) -> None:
    """Write what a component reads into the audit log.

    Where that cannot be, it is logged, and the component starts all the same: safety alerts wait for nobody's log.
    """
    try:
        found = files_of(settings.config_dir) | origin_of(settings.config_dir)
        record = told(component, found, SystemClock().now())
        await publisher.publish("audit", record["subject"], record)
    except (FairwatchError, OSError) as error:
        log.warning("configuration.untold", component=component, error=str(error))


async def tell_by_itself(settings: Settings, component: str, principal: str) -> None:
    """Do so over a connection of its own, for who has no publisher; `principal` is who may write the log."""
    try:
        async with producer(settings, principal) as publisher:
            await tell(settings, component, publisher)
    except (FairwatchError, OSError) as error:
        log.warning("configuration.untold", component=component, error=str(error))
