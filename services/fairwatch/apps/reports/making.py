"""Reads what the reports are made of, and writes into the audit that one was made."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.keys import must_be_signed
from fairwatch.apps.lineage.window import everything
from fairwatch.apps.reading import latest
from fairwatch.apps.reports.facts import House
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import tell, told
from fairwatch.matching.match_policy import FILE, MatchPolicy
from fairwatch.matching.models import FaceConfig
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.retention import Retention
from fairwatch.policy.routing import RouteTree
from fairwatch.sinks.receivers import Receivers

DAY = 86_400_000_000  # microseconds: what happened may be chained later


def house(settings: Settings) -> House:
    """Return what is set; a file that is not there says nothing.

    Raises:
        ConfigurationError: A file cannot be used, or a topic is not there.
        RetryableError: No broker answers.
    """
    folder = settings.config_dir
    receivers, routes = folder / "receivers.yaml", folder / "routes.yaml"
    return House(
        devices=latest(settings, "devices"),
        sites=latest(settings, "sites"),
        entries=latest(settings, "watchlist-entries"),
        authorisations=latest(settings, "authorisations"),
        device_lists=latest(settings, "device-lists"),
        people=latest(settings, "people"),
        receivers=read_yaml(receivers, Receivers) if receivers.exists() else None,
        rules=RouteTree.read(routes).rules if routes.exists() else {},
        faces=FaceConfig.load(folder / "models.yaml") if settings.faces else None,
        plates=MatchPolicy.load(folder / FILE),
        retention=Retention.load(folder),
        settings={
            "media_hours": settings.media_hours,
            "soft_biometrics": settings.soft_biometrics,
            "signatures_demanded": bool(must_be_signed(settings)),
            "kafka_knows_who_writes": settings.kafka_security != "PLAINTEXT",
            "faces_compared": settings.faces,
            "templates_kept": settings.gallery_file is not None,
            "checkpoints_posted_elsewhere": bool(settings.anchor_url.get_secret_value()),
        },
    )


def log(settings: Settings, since: int, until: int) -> Iterator[Mapping[str, Any]]:
    """Yield the chained audit records that may lie in a period."""
    return everything(settings, "audit-chain", since, until + DAY)


async def audit_report(settings: Settings, name: str, actor: str, at: int, details: dict[str, str]) -> None:
    """Write into the audit that a report was made; RetryableError when the broker does not acknowledge."""
    await tell(settings, told("report.made", f"report:{name}", actor=actor, at=at, details=details))
