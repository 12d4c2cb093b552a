"""What the console needs to show which sites are armed, with the rules, people and topics of a deployment."""

from fairwatch.apps.kafka import client_options, codec
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signed_references
from fairwatch.console.sites import ArmingDesk
from fairwatch.engine.reference import TopicReference
from fairwatch.policy.arming import TOPIC, ArmedSites
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_book import RuleBook

RECORDS = {
    "sites": "Site", TOPIC: "SiteArming", "rule-sets": "RuleSet", "people": "Person", "signing-keys": "SigningKey",
    "trust-heads": "TrustHead",
}  # fmt: skip
RULES = "routes.yaml"


def arming_desk(settings: Settings, component: str) -> ArmingDesk:
    """Return what the console needs for arming; its topics are followed from then on, in the running loop."""
    topics = {topic: TopicReference(component, topic, record, codec(settings)) for topic, record in RECORDS.items()}
    known, options = signed_references(settings, component, topics), client_options(settings)
    path = settings.config_dir / RULES
    file = RouteTree.read(path) if path.exists() else RouteTree(Routes.model_validate({"route": {"receivers": []}}))
    book = RuleBook(file, known["rule-sets"])
    armed = ArmedSites(lambda: book.tree, known[TOPIC], known["sites"])
    following = [topic.run(settings.kafka_bootstrap, options, settings.topic_prefix) for topic in topics.values()]
    return ArmingDesk(known["sites"], known[TOPIC], armed.at, following)
