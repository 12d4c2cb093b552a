"""What is on the dashboards: overview, pipeline, devices, governance."""

from __future__ import annotations

from collections.abc import Iterable

from model import Dashboard, Panel

from fairwatch.parts import of_kind

GATEWAYS = "|".join(of_kind("gateway"))
PROCESSORS = "|".join(of_kind("processor"))


def per_second(metric: str, *by: str) -> str:
    """Return a counter's rate, summed by labels."""
    return f"sum by ({', '.join(by)}) (rate({metric}{{$where}}[$__rate_interval]))"


def rates(metric: str, *by: str) -> dict[str, str]:
    """Return a counter's rate by labels, with them as its legend."""
    return {legend(by): per_second(metric, *by)}


def legend(by: Iterable[str]) -> str:
    """Return a legend of labels."""
    return " ".join(f"{{{{{label}}}}}" for label in by)


def quantile(share: float, metric: str, *by: str) -> str:
    """Return a histogram's quantile by labels."""
    return f"histogram_quantile({share}, {per_second(f'{metric}_bucket', *by, 'le')})"


def both(metric: str, *by: str) -> dict[str, str]:
    """Return the median and what one in a hundred exceeds."""
    return {f"{legend(by)} p{round(share * 100)}": quantile(share, metric, *by) for share in (0.5, 0.99)}


def emitted(topic: str) -> str:
    """Return records written to a topic in a second."""
    return f'sum(rate(fairwatch_events_emitted_total{{$where,topic="{topic}"}}[$__rate_interval]))'


def skipped(component: str) -> dict[str, str]:
    """Return what a processor let be, by reason."""
    metric = f'fairwatch_events_skipped_total{{$where,component="{component}"}}'
    return {"{{reason}}": f"sum by (reason) (rate({metric}[$__rate_interval]))"}


OVERVIEW = Dashboard(
    "overview",
    "Fairwatch: overview",
    [
        Panel(
            "Not ready",
            {"": "count(fairwatch_ready{$where} == 0) or vector(0)"},
            kind="stat",
            width=4,
            limit=1,
            what="Processes that handle nothing; their /ready says why.",
        ),
        Panel(
            "From devices",
            {"": "sum(rate(fairwatch_gateway_publish_seconds_count{$where}[$__rate_interval]))"},
            "cps",
            "stat",
            4,
        ),
        Panel(
            "Alerts in an hour",
            {"": 'sum(increase(fairwatch_events_emitted_total{$where,topic="alerts"}[1h]))'},
            kind="stat",
            width=4,
        ),
        Panel(
            "Behind",
            {"": "sum(fairwatch_consumer_lag{$where})"},
            kind="stat",
            width=4,
            limit=10000,
            what="Events that wait in all topics.",
        ),
        Panel(
            "Dead letters in an hour",
            {"": "sum(increase(fairwatch_events_dead_total{$where}[1h]))"},
            kind="stat",
            width=4,
            limit=1,
        ),
        Panel(
            "Gateway to receiver, p99",
            {"": quantile(0.99, "fairwatch_event_age_seconds").replace("$where", '$where,component="notify"')},
            "s",
            "stat",
            4,
            limit=30,
        ),
        Panel("Throughput", rates("fairwatch_events_received_total", "component"), "cps"),
        Panel("Behind", {"{{component}}": "sum by (component) (fairwatch_consumer_lag{$where})"}),
        Panel(
            "Gateway to the end of the stage",
            {"{{component}}": quantile(0.99, "fairwatch_event_age_seconds", "component")},
            "s",
            what="99 of 100 events are faster; each stage includes those before it.",
        ),
        Panel("Dead letters", rates("fairwatch_events_dead_total", "component", "reason"), "cps"),
        Panel("Refused at the gateways", rates("fairwatch_gateway_refused_total", "component", "reason"), "cps"),
        Panel(
            "Memory", {"{{instance}}": 'process_resident_memory_bytes{namespace=~"$namespace"}'}, "bytes", limit=300e6
        ),
    ],
)

PIPELINE = Dashboard(
    "pipeline",
    "Fairwatch: pipeline",
    [
        Panel("In", rates("fairwatch_events_received_total", "component"), "cps"),
        Panel("Out", rates("fairwatch_events_emitted_total", "component", "topic"), "cps"),
        Panel(
            "Behind, by partition",
            {"{{component}} {{topic}} {{partition}}": "fairwatch_consumer_lag{$where}"},
            what="One partition far behind the others: a device that sends most of everything.",
        ),
        Panel("Left alone, by reason", rates("fairwatch_events_skipped_total", "component", "reason"), "cps"),
        Panel("Gateway to the end of the stage", both("fairwatch_event_age_seconds", "component"), "s"),
        Panel("A batch, received to acknowledged", both("fairwatch_batch_seconds", "component"), "s"),
        Panel(
            "Its steps",
            both("fairwatch_batch_step_seconds", "component", "step"),
            "s",
            what="Handling is ours; output, state and commit are the broker's.",
        ),
        Panel("Events in a batch", both("fairwatch_batch_size", "component")),
        Panel("Batches tried again", rates("fairwatch_batches_retried_total", "component"), "cps"),
        Panel(
            "Number of the rules that hold",
            {
                "{{component}}": "max by (component) (fairwatch_rules_number{$where})",
                "{{component}}, the last": "min by (component) (fairwatch_rules_number{$where})",
            },
        ),
        Panel("What shadow rules would have told", rates("fairwatch_shadow_alerts_total", "rule"), "cps"),
        Panel("Steps that reached nobody", rates("fairwatch_escalation_steps_missed_total", "policy"), "cps"),
        Panel(
            "Alerts that nobody was told of by `tell_when`",
            rates("fairwatch_alerts_not_told_total", "rule", "receiver"),
            "cps",
        ),
        Panel("What rules of several events have raised", rates("fairwatch_correlated_total", "rule", "state"), "cps"),
        Panel(
            "Keys of which rules of several events remember something", {"keys": "fairwatch_correlation_keys{$where}"}
        ),
        Panel("Incidents", rates("fairwatch_incidents_total", "rule", "what"), "cps"),
        Panel("Incidents that are open or can be merged and split", {"incidents": "fairwatch_incidents_known{$where}"}),
        Panel("Expressions and texts of rules without an answer", rates("fairwatch_rules_failed_total", "rule"), "cps"),
        Panel("Deleted by retention", rates("fairwatch_retention_deleted_total", "store"), "cps"),
        Panel("Answers of receivers", rates("fairwatch_deliveries_total", "receiver", "outcome"), "cps"),
        Panel("Groups that a receiver has to be told of", {"{{receiver}}": "fairwatch_deliveries_waiting{$where}"}),
        Panel("Commits", rates("fairwatch_commits_total", "component"), "cps"),
        Panel(
            "Rebalances in 15 minutes",
            {"{{component}}": "sum by (component) (increase(fairwatch_rebalances_total{$where}[15m]))"},
        ),
        Panel("A rebalance stops a worker for", both("fairwatch_rebalance_seconds", "component"), "s"),
        Panel("Keys of state", {"{{component}}": "sum by (component) (fairwatch_state_keys{$where})"}),
        Panel(
            "Partitions whose state was lost",
            {"{{component}}": "sum by (component) (increase(fairwatch_state_lost_total{$where}[15m]))"},
        ),
        Panel("Dead letters", rates("fairwatch_events_dead_total", "component", "reason"), "cps"),
        Panel("Let go of", rates("fairwatch_events_dropped_total", "component", "reason"), "cps"),
        Panel(
            "CPU",
            {"{{instance}}": 'rate(process_cpu_seconds_total{namespace=~"$namespace"}[$__rate_interval])'},
            "short",
        ),
        Panel(
            "Memory", {"{{instance}}": 'process_resident_memory_bytes{namespace=~"$namespace"}'}, "bytes", limit=300e6
        ),
    ],
    PROCESSORS,
)

DEVICES = Dashboard(
    "devices",
    "Fairwatch: devices",
    [
        Panel("Taken in", rates("fairwatch_events_received_total", "component"), "cps"),
        Panel("Bytes", rates("fairwatch_gateway_bytes_total", "component"), "Bps"),
        Panel(
            "Sessions",
            {"{{component}}": "sum by (component) (fairwatch_gateway_sessions{$where})"},
            what="HTTP connections, GA/T 1400 registrations, MQTT sessions.",
        ),
        Panel(
            "Refused, by reason",
            rates("fairwatch_gateway_refused_total", "component", "reason"),
            "cps",
            what="overloaded: Kafka does not keep up, and senders are told when to come again.",
        ),
        Panel("Until Kafka has it", both("fairwatch_gateway_publish_seconds", "component"), "s"),
        Panel("Waiting for Kafka", {"{{instance}}": "fairwatch_gateway_held_bytes{$where}"}, "bytes", limit=24 << 20),
        Panel(
            "Connections to the MQTT broker that were lost",
            {"{{instance}}": "increase(fairwatch_gateway_reconnects_total{$where}[15m])"},
        ),
        Panel(
            "MQTT messages that a restart would lose", rates("fairwatch_gateway_unrepeatable_total", "component"), "cps"
        ),
        Panel(
            "Event streams read from devices, by state",
            {"{{state}}": "sum by (state) (fairwatch_gateway_streams{$where})"},
            what="silent: not even a heartbeat came; refused: the password is wrong.",
        ),
        Panel(
            "Devices of the gateways",
            {"{{component}} {{state}}": "max by (component, state) (fairwatch_gateway_devices{$where})"},
            what="refused: the record is wrong, or another device could be taken for it; the gateway's log names both.",
        ),
        Panel("Deleted past their lifetime", rates("fairwatch_retention_deleted_total", "store"), "cps"),
        Panel("Let go of, by reason", rates("fairwatch_events_dropped_total", "component", "reason"), "cps"),
        Panel(
            "What devices send and nobody can read",
            rates("fairwatch_events_dead_total", "component", "reason"),
            "cps",
            what="Dead letters of normalize: a device's format changed, or its binding names the wrong one.",
        ),
        Panel(
            "Device's time to the end of the stage",
            both("fairwatch_device_age_seconds", "component"),
            "s",
            what="Far above the time since the gateway: devices whose clocks are wrong, or that send late.",
        ),
    ],
    f"{GATEWAYS}|normalize|enrich",
)

GOVERNANCE = Dashboard(
    "governance",
    "Fairwatch: governance",
    [
        Panel("Candidates", {"": emitted("candidates")}, "cps", "stat", 6),
        Panel("Verdicts", {"": emitted("verdicts")}, "cps", "stat", 6),
        Panel("Alerts", {"": emitted("alerts")}, "cps", "stat", 6),
        Panel("Audit records", {"": emitted("audit")}, "cps", "stat", 6),
        Panel(
            "Not compared, or compared without a match",
            skipped("match"),
            "cps",
            what="out_of_mandate: nobody is authorised to look for this, here and now.",
        ),
        Panel(
            "Decisions on candidates",
            skipped("verify"),
            "cps",
            what="What the two-person rule refused, and what waits.",
        ),
        Panel(
            "Kept from being alerts",
            skipped("route"),
            "cps",
            what="unverified and verdict_*: matches that people did not confirm.",
        ),
        Panel(
            "Kept from leaving",
            skipped("notify"),
            "cps",
            what="unverified must stay at nothing: route has failed then.",
        ),
        Panel(
            "Deeds that are not authentic",
            {"{{component}} {{reason}}": "increase(fairwatch_deeds_refused_total{$where}[1h])"},
            limit=1,
            what="Somebody writes decisions that nobody signed, or a key is missing: see deed.refused in the audit.",
        ),
        Panel(
            "Taken without a proof of who wrote it",
            {"{{component}} {{topic}}": "increase(fairwatch_records_unbound_total{$where}[1h])"},
            what="FAIRWATCH_UNBOUND=accept is for an upgrade: take it away once nothing comes here any more.",
        ),
        Panel(
            "Held: authorisations, watchlist, devices, sites",
            {"{{topic}} in {{component}}": "max by (topic, component) (fairwatch_reference_entries{$where})"},
        ),
        Panel(
            "Reference records that cannot be read",
            {"{{component}} {{topic}}": "increase(fairwatch_reference_undecodable_total{$where}[1h])"},
            limit=1,
        ),
        Panel(
            "Audit chain behind",
            {"{{partition}}": 'sum by (partition) (fairwatch_consumer_lag{$where,component="audit"})'},
        ),
        Panel(
            "Audit: since the last checkpoint",
            {"{{anchor}}": "time() - max by (anchor) (fairwatch_audit_anchored_timestamp_seconds{$where})"},
            "s",
            limit=3600,
            what="Grows while nothing happens, too: see how many records wait.",
        ),
        Panel(
            "Audit: records that no anchor vouches for",
            {"{{anchor}}": "max by (anchor) (fairwatch_audit_unanchored_records{$where})"},
        ),
        Panel("Audit: answers of anchors", rates("fairwatch_audit_anchorings_total", "anchor", "outcome"), "cps"),
        Panel(
            "Audit: chains that are not what they were",
            {"": "max(fairwatch_audit_broken_chains{$where})"},
            limit=1,
            what="The log was rewritten, cut off or emptied: see audit.broken and its runbook.",
        ),
        Panel("Dead letters, by reason", rates("fairwatch_events_dead_total", "component", "reason"), "cps"),
    ],
    PROCESSORS,
)

DASHBOARDS = (OVERVIEW, PIPELINE, DEVICES, GOVERNANCE)
