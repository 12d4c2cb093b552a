"""Who would never hear of what a rule raises, because they hear of worse only (`min_severity`)."""

from collections.abc import Iterator, Mapping

from fairwatch.policy.alert_content import RANKS
from fairwatch.policy.escalations import Escalations
from fairwatch.policy.routing import Rule


def unheard(
    rules: Mapping[str, Rule], escalations: Escalations, least: Mapping[str, str], moment: int
) -> Iterator[str]:
    """Yield what nobody would hear of, as sentences that name the rule.

    Args:
        rules: By name.
        escalations: Whom they call.
        least: The least severity of which a receiver hears, by its name.
        moment: Our clock, for who stands in schedules.
    """
    for rule in (rule for rule in rules.values() if not rule.shadow):

        def deaf(names: tuple[str, ...], severity: str = rule.severity) -> bool:
            return bool(names) and all(RANKS[least.get(name, "UNKNOWN")] > RANKS[severity] for name in names)

        label = f"rule {rule.name!r}, {rule.severity}"
        if deaf(rule.receivers):
            yield f"{label}: nobody is told: {', '.join(rule.receivers)} hear of worse only"
        policy = escalations.policies.get(rule.escalation or "")
        for who, names in escalations.reached(policy, moment) if policy else ():
            if deaf(names):
                yield f"{label}: escalation {rule.escalation!r} calls {who} in vain, who hears of worse only"
