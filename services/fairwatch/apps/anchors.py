"""Anchors of the audit log, from settings."""

from pathlib import Path

import structlog

from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.anchor import Anchoring
from fairwatch.sinks.anchor_lane import PostedCheckpoints, Target
from fairwatch.sinks.http import HttpClient, checked_url
from fairwatch.sinks.timestamps import NAME as TIMESTAMPS
from fairwatch.sinks.timestamps import TimestampAuthority
from fairwatch.stores.checkpoints import NAME, CheckpointFile

KEY, PUBLIC = "anchor.pem", "anchor.pub"

log = structlog.get_logger(__name__)


def anchoring_of(settings: Settings, clock: Clock) -> Anchoring:
    """Return what signs and keeps checkpoints; the folder's key is made where none is given.

    Raises:
        ConfigurationError: The folder or the key cannot be used, or the address is none.
    """
    file = CheckpointFile(settings.anchor_dir / NAME)
    targets: list[Target] = [file]
    if address := settings.anchor_url.get_secret_value():
        targets.append(PostedCheckpoints(HttpClient(checked_url("FAIRWATCH_ANCHOR_URL", address, False), clock)))
    if address := settings.anchor_tsa_url:
        path = settings.anchor_dir / TIMESTAMPS
        targets.append(TimestampAuthority(checked_url("FAIRWATCH_ANCHOR_TSA_URL", address, True), path))
    return Anchoring(
        key_of(settings.anchor_dir, settings.anchor_key_file),
        targets,
        file.each,
        every_s=settings.anchor_minutes * 60,
        records=settings.anchor_records,
    )


def key_of(folder: Path, given: Path | None) -> PrivateKey:
    """Return the key that was given, or that of the folder; its public half is written beside the checkpoints."""
    path = given or folder / KEY
    if given is None and not path.exists():
        PrivateKey.generate().write(path)
    key = PrivateKey.load(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PUBLIC).write_text(key.public.text + "\n", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(f"{folder / PUBLIC}: cannot be written: {error.strerror}") from error
    log.info("audit.anchor.key", key_id=key.public.key_id, public=key.public.text)
    return key
