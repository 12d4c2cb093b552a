"""What one group owes to another: what its open alert inhibits, and what it gives up when a device is gone."""

from collections.abc import Iterable, Sequence

from fairwatch.domain.outcome import Emit
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.policy.grouping import AlertGroup
from fairwatch.policy.inhibition import Inhibitors, inhibitions_of
from fairwatch.policy.matchers import labels_of
from fairwatch.policy.quiet import Inhibition

TOPIC = "inhibitions"


class Dependencies:
    """The inhibitions that the owner of a group writes, and those that it reads.

    Args:
        rules: Of quiet.yaml.
        reference: The topic `inhibitions`; None for nothing to read.
        state: Which holds the groups.
    """

    def __init__(self, rules: Sequence[Inhibition], reference: Reference | None, state: State) -> None:
        self._rules = rules
        self._inhibitors = Inhibitors(reference, rules) if reference is not None and rules else None
        self._looked_through = LookedThrough(state)

    def of(self, group: AlertGroup, now: int) -> list[Emit]:
        """Return what changed of what a group inhibits; it remembers what it has said."""
        said, alert = group.inhibits, group.value["alert"]
        if not self._rules and not said:
            return []
        wanted = {}
        if alert is not None and group.value["ended"] is None and not group.is_held_back:
            devices = sorted({cause.device_id for cause in group.causes} - {""})
            wanted = inhibitions_of(self._rules, alert, devices, now)
        emitted = [Emit(TOPIC, key, record) for key, record in wanted.items() if key not in said]
        emitted += [Emit(TOPIC, key, None) for key in said if key not in wanted]
        group.inhibits = list(wanted)
        return emitted

    def changed(self, partitions: Iterable[int]) -> list[int]:
        """Return the partitions that were not looked at since something began or ceased to inhibit."""
        if self._inhibitors is None:
            return []
        return self._looked_through.changed(partitions, self._inhibitors.version)

    def give_up(self, group: AlertGroup, now: int) -> bool:
        """Give up the conditions of devices that others say are gone; return whether there were any."""
        gone = self._inhibitors.gone() if self._inhibitors is not None else {}
        if not gone or group.is_over:
            return False
        labels = labels_of(group.value["alert"])
        said_by = {
            device
            for device, found in gone.items()
            if any(
                one.alert_id != group.value["alert"]["alert_id"] and not all(m.holds(labels) for m in one.rule.source)
                for one in found
            )
        }
        return group.lose(said_by.__contains__, now)
