"""Every metric, named once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

REGISTRY = CollectorRegistry()
_AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)

RECEIVED = Counter("fairwatch_events_received", "Events taken in.", ["component"], registry=REGISTRY)
EMITTED = Counter(
    "fairwatch_events_emitted", "Events written and acknowledged.", ["component", "topic"], registry=REGISTRY
)
SKIPPED = Counter(
    "fairwatch_events_skipped", "Events that need nothing done, on purpose.", ["component", "reason"], registry=REGISTRY
)
DEAD = Counter(
    "fairwatch_events_dead", "Events written to the dead letters.", ["component", "reason"], registry=REGISTRY
)
DROPPED = Counter(
    "fairwatch_events_dropped", "Events let go of without a dead letter.", ["component", "reason"], registry=REGISTRY
)
RETRIED = Counter("fairwatch_batches_retried", "Batches tried again.", ["component"], registry=REGISTRY)
BATCH_SIZE = Histogram("fairwatch_batch_size", "Events in a batch.", ["component"], buckets=_SIZES, registry=REGISTRY)
HANDLE_SECONDS = Histogram(
    "fairwatch_batch_seconds", "Batch received to outputs acknowledged.", ["component"], registry=REGISTRY
)
AGE_SECONDS = Histogram(
    "fairwatch_event_age_seconds",
    "Gateway to the end of this stage, of a sample of each batch.",
    ["component"],
    buckets=_AGES,
    registry=REGISTRY,
)
STEP_SECONDS = Histogram(
    "fairwatch_batch_step_seconds",
    "Steps of a batch, of a chain's parts together: `waiting` (fetched, not begun), `handling`, `output` (until outputs"
    " are acknowledged; state too, in a transaction), then `state` or the transaction's `commit`.",
    ["component", "step"],
    registry=REGISTRY,
)
DEVICE_AGE_SECONDS = Histogram(
    "fairwatch_device_age_seconds",
    "Time that the device gives to the end of this stage, of a sample of each batch; wrong by what its clock is.",
    ["component"],
    buckets=_AGES,
    registry=REGISTRY,
)
RULES_FAILED = Counter(
    "fairwatch_rules_failed",
    "Parts of rules without an answer: `when` did not hold, `tell_when` did, `title` and `description` were plain.",
    ["rule", "part"],
    registry=REGISTRY,
)
RULES_NUMBER = Gauge(
    "fairwatch_rules_number", "Number of the published rules that hold; 0 for those of the file.", registry=REGISTRY
)
ALERTS_NOT_TOLD = Counter(
    "fairwatch_alerts_not_told",
    "Alerts that ended before the `tell_when` of their rule held, by whom they would have been told to.",
    ["rule", "receiver"],
    registry=REGISTRY,
)
STEPS_MISSED = Counter(
    "fairwatch_escalation_steps_missed",
    "Words of an alert that reached nobody whom they were for, so that the next step of its escalation came at once.",
    ["policy"],
    registry=REGISTRY,
)
SHADOW_ALERTS = Counter(
    "fairwatch_shadow_alerts",
    "Revisions of alerts that rules with `shadow: true` would have told.",
    ["rule", "state"],
    registry=REGISTRY,
)
CORRELATED = Counter(
    "fairwatch_correlated",
    "Triggers of rules of several events, by rule and state.",
    ["rule", "state"],
    registry=REGISTRY,
)
CORRELATION_KEYS = Gauge(
    "fairwatch_correlation_keys", "Keys of which rules of several events remember something.", registry=REGISTRY
)
INCIDENTS = Counter(
    "fairwatch_incidents",
    "Incidents by rule: `opened`, `closed`, `merged`, `split`, and ways that are too fast (`implausible_transit`).",
    ["rule", "what"],
    registry=REGISTRY,
)
INCIDENTS_KNOWN = Gauge(
    "fairwatch_incidents_known", "Incidents that are open, or were and can be merged and split.", registry=REGISTRY
)
DELIVERIES = Counter(
    "fairwatch_deliveries",
    "Answers of receivers, `ok` or why not; and what was not sent to them, on purpose.",
    ["receiver", "outcome"],
    registry=REGISTRY,
)
DEEDS_REFUSED = Counter(
    "fairwatch_deeds_refused",
    "What somebody is said to have done, and is not signed by whom it must be.",
    ["component", "reason"],
    registry=REGISTRY,
)
RECORDS_UNBOUND = Counter(
    "fairwatch_records_unbound",
    "Records that nobody of the hub has proved to have written, and that are taken for the time of an upgrade.",
    ["component", "topic"],
    registry=REGISTRY,
)
AUDIT_ANCHORED = Gauge(
    "fairwatch_audit_anchored_timestamp_seconds",
    "When an anchor last took a checkpoint of the audit log, in seconds since 1970; the start where it took none.",
    ["anchor"],
    registry=REGISTRY,
)
AUDIT_ANCHORINGS = Counter(
    "fairwatch_audit_anchorings",
    "Answers of anchors to checkpoints of the audit log, `ok` or why not.",
    ["anchor", "outcome"],
    registry=REGISTRY,
)
AUDIT_UNANCHORED = Gauge(
    "fairwatch_audit_unanchored_records",
    "Records of the audit log that an anchor does not vouch for yet.",
    ["anchor"],
    registry=REGISTRY,
)
AUDIT_BROKEN = Gauge(
    "fairwatch_audit_broken_chains",
    "Chains of the audit log that are not what they were at a checkpoint.",
    registry=REGISTRY,
)
DELIVERIES_WAITING = Gauge(
    "fairwatch_deliveries_waiting", "Groups of which a receiver still has to be told.", ["receiver"], registry=REGISTRY
)
LAG = Gauge("fairwatch_consumer_lag", "Events not yet handled.", ["component", "topic", "partition"], registry=REGISTRY)
COMMITS = Counter("fairwatch_commits", "Offset commits.", ["component"], registry=REGISTRY)
REBALANCES = Counter("fairwatch_rebalances", "Times partitions were given anew.", ["component"], registry=REGISTRY)
REBALANCE_SECONDS = Histogram(
    "fairwatch_rebalance_seconds",
    "Partitions given up to partitions given anew, while nothing is handled.",
    ["component"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
STATE_KEYS = Gauge("fairwatch_state_keys", "Keys of state when it was last restored.", ["component"], registry=REGISTRY)
STATE_LOST = Counter(
    "fairwatch_state_lost", "Partitions whose state was written once and is gone.", ["component"], registry=REGISTRY
)
READY = Gauge("fairwatch_ready", "1 when events are handled.", ["component"], registry=REGISTRY)
REFERENCE_ENTRIES = Gauge(
    "fairwatch_reference_entries", "Records of a reference held.", ["component", "topic"], registry=REGISTRY
)
REFERENCE_BAD = Counter(
    "fairwatch_reference_undecodable",
    "Records of a reference that could not be read.",
    ["component", "topic"],
    registry=REGISTRY,
)

GATEWAY_BYTES = Counter("fairwatch_gateway_bytes", "Bytes of bodies taken in.", ["component"], registry=REGISTRY)
GATEWAY_REFUSED = Counter(
    "fairwatch_gateway_refused",
    "Requests refused, with 4xx or 5xx to the sender.",
    ["component", "reason"],
    registry=REGISTRY,
)
GATEWAY_PUBLISH_SECONDS = Histogram(
    "fairwatch_gateway_publish_seconds",
    "Event handed over to broker's acknowledgement.",
    ["component"],
    registry=REGISTRY,
)
GATEWAY_RECONNECTS = Counter(
    "fairwatch_gateway_reconnects", "Connections to the MQTT broker that were lost.", ["component"], registry=REGISTRY
)
GATEWAY_UNREPEATABLE = Counter(
    "fairwatch_gateway_unrepeatable",
    "MQTT messages of QoS 0: those that come while the gateway restarts are lost, and nobody can count them.",
    ["component"],
    registry=REGISTRY,
)
GATEWAY_SESSIONS = Gauge(
    "fairwatch_gateway_sessions",
    "HTTP connections, GA/T 1400 registrations that this process serves, MQTT sessions; as they are now.",
    ["component"],
    registry=REGISTRY,
)
GATEWAY_DEVICES = Gauge(
    "fairwatch_gateway_devices",
    "Devices of a gateway: known, or refused since a record is wrong or another device could be taken for it.",
    ["component", "state"],
    registry=REGISTRY,
)
STREAMS = Gauge(
    "fairwatch_gateway_streams",
    "Event streams that are read from devices, by state: reading, waiting (another replica reads it), or why not.",
    ["component", "state"],
    registry=REGISTRY,
)
GATEWAY_HELD = Gauge(
    "fairwatch_gateway_held_bytes", "Bytes that wait for the broker.", ["component"], registry=REGISTRY
)
RETENTION_DELETED = Counter(
    "fairwatch_retention_deleted",
    "Objects deleted because they were past their lifetime.",
    ["store"],
    registry=REGISTRY,
)
PROCESS = ProcessCollector(registry=REGISTRY)
_SERIES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass(frozen=True, slots=True)
class Described:
    """One metric, as its table and its users have to know it; `series` are the names that it is queried by."""

    name: str
    kind: str
    labels: tuple[str, ...]
    what: str
    series: tuple[str, ...]


def described() -> Iterator[Described]:
    """Describe every metric, by name."""
    found = []
    for collector in list(REGISTRY._collector_to_names):  # noqa: SLF001  # no public way
        labels = getattr(collector, "_labelnames", ())
        for family in collector.collect() if collector is PROCESS else collector.describe():  # type: ignore[attr-defined]
            endings = _SERIES.get(family.type, ("",))
            name = family.name + (endings[0] if len(endings) == 1 else "")
            series = tuple(family.name + ending for ending in endings)
            found.append(Described(name, family.type, labels, family.documentation, series))
    return iter(sorted(found, key=lambda one: one.name))


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


def known_lag(component: str, partitions: Sequence[int]) -> int | None:
    """Return how many events of these partitions a component has not handled; None when nobody has looked yet."""
    numbers = {str(partition) for partition in partitions}
    samples = [
        int(sample.value)
        for metric in LAG.collect()
        for sample in metric.samples
        if sample.labels["component"] == component and sample.labels["partition"] in numbers
    ]
    return sum(samples) if samples else None


def lag(component: str, partitions: Sequence[int]) -> int:
    """Return how many events of these partitions a component had not handled when that was last looked at."""
    return known_lag(component, partitions) or 0
