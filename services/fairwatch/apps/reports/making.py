"""Reads what the reports are made of, and writes into the audit that one was made."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.authentic import authentic
from fairwatch.apps.keys import anchors, must_be_signed
from fairwatch.apps.lineage.window import everything
from fairwatch.apps.reading import latest
from fairwatch.apps.reports.facts import House
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import tell, told
from fairwatch.apps.vouched import vouched
from fairwatch.domain.records import Person
from fairwatch.matching.match_policy import FILE, MatchPolicy
from fairwatch.matching.models import FaceConfig
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.retention import Retention
from fairwatch.policy.routing import RouteTree
from fairwatch.sinks.receivers import Receivers

DAY = 86_400_000_000  # microseconds: what happened may be chained later


def house(settings: Settings) -> House:
    """Return what is set, as it counts: what nobody signed who may is not in force; a missing file says nothing.

    Raises:
        ConfigurationError: A file cannot be used, or a topic is not there.
        RetryableError: No broker answers.
    """
    folder = settings.config_dir
    receivers, routes = folder / "receivers.yaml", folder / "routes.yaml"
    return House(
        devices=latest(settings, "devices"),
        sites=latest(settings, "sites"),
        entries=dict(authentic(settings, "watchlist-entries")),
        authorisations=dict(authentic(settings, "authorisations")),
        device_lists=dict(authentic(settings, "device-lists")),
        people=_people(settings),
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


def _people(settings: Settings) -> dict[str, Person]:
    """Return the people whom an administrator registered; whoever is on the topic where there is none."""
    if not anchors(settings):
        return latest(settings, "people")
    return {person["person_id"]: person for person in vouched(settings).everybody()}


def log(settings: Settings, since: int, until: int) -> Iterator[Mapping[str, Any]]:
    """Yield the chained audit records that may lie in a period."""
    return everything(settings, "audit-chain", since, until + DAY)


async def audit_report(settings: Settings, name: str, actor: str, at: int, details: dict[str, str]) -> None:
    """Write into the audit that a report was made; RetryableError when the broker does not acknowledge."""
    await tell(settings, told("report.made", f"report:{name}", actor=actor, at=at, details=details))
