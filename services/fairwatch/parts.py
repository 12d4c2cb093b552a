"""Every component, once: what lists components is derived from here.

A processor is one file under `processors/` and one entry; a way in is one folder under `edges/` and one entry.
"""

from collections.abc import Mapping
from functools import cache

from fairwatch.domain.part import Kind, Part
from fairwatch.domain.processor import Spec

FIXED = {"scaling": {"mode": "none"}}  # its lag says nothing about its load
LISTENS = FIXED | {
    "service": {"type": "ClusterIP", "port": 8080, "annotations": {}, "from": []},
    "ingress": {"enabled": False, "className": "", "host": "", "tlsSecret": "", "annotations": {}},
    "httpRoute": {"enabled": False, "parentRefs": [], "hostnames": []},
    "tlsSecret": "",
}
OFF = {"enabled": False}
SIGNED = (
    "legal-holds",
    "export-orders",
    "site-armings",
    "erasures",
)  # what is signed, and looked at by verify for the audit log alone
VOUCHED = ("people", "signing-keys", "trust-heads")  # what says whose deed it is, and how new it has to be
LINEAGE = (  # what says where an alert comes from, but for the bytes that devices sent
    "sightings", "candidates", "verifications", "verdicts", "deliveries", "audit-chain", "erasures",
    "authorisations", "watchlist-entries", "rule-sets", *VOUCHED,
)  # fmt: skip

PARTS: tuple[Part, ...] = (
    Part(
        name="http",
        kind="gateway",
        way="serve",
        summary="takes makers' webhooks and WS-BaseNotification over HTTP",
        does="takes in web hooks",
        writes=("raw-events", "device-status", "audit"),
        references=("devices",),
        port=8080,
        needs=("media",),
        chart={**LISTENS, "clientCertificates": False},
    ),
    Part(
        name="mqtt",
        kind="gateway",
        way="subscribe",
        summary="subscribes to Frigate and to ONVIF over MQTT",
        does="takes in MQTT",
        writes=("raw-events", "device-status", "audit"),
        references=("devices",),
        needs=("media", "mqtt"),
        chart={**OFF, **FIXED},
    ),
    Part(
        name="hikvision-stream",
        kind="gateway",
        way="pull",
        summary="reads the event streams of Hikvision cameras and recorders, one replica each",
        does="reads Hikvision event streams",
        writes=("raw-events", "device-status", "audit"),
        references=("devices",),
        needs=("media", "devices"),
        essential=False,
        chart={**OFF, **FIXED},
    ),
    Part(
        name="viid",
        kind="gateway",
        way="serve",
        summary="serves the GA/T 1400 interface to devices and platforms",
        does="takes in GA/T 1400",
        writes=("raw-events", "device-status", "audit"),
        references=("devices",),
        port=8081,
        needs=("media",),
        chart={**OFF, **LISTENS, "clientCertificates": False},
    ),
    # Processors stand in the order of the flow: that is the order in which they may be chained.
    Part(
        name="normalize",
        kind="processor",
        summary="reads payloads with the adapters: raw events to observations",
        does="reads what devices send",
        spec=Spec(
            name="normalize",
            reads=("raw-events",),
            writes=("observations", "watchlist-entries", "field-drift", "audit"),
            references=("devices", "watchlist-entries", "device-lists", "authorisations", *VOUCHED),
        ),
        needs=("media",),
    ),
    Part(
        name="enrich",
        kind="processor",
        summary="adds device, site, zones and corrected time: observations to sightings",
        does="adds place and time",
        spec=Spec(
            name="enrich",
            reads=("observations",),
            writes=("sightings", "audit"),
            state=True,
            references=("devices", "sites", "device-lists", "authorisations", *VOUCHED),
        ),
    ),
    Part(
        name="match",
        kind="processor",
        summary="compares faces and plates with what is authorised: sightings to candidates",
        does="compares with the lists",
        spec=Spec(
            name="match",
            reads=("sightings",),
            writes=("candidates", "audit"),
            state=True,
            references=("authorisations", "watchlist-entries", "sites", "device-lists", *VOUCHED),
            tick_s=60.0,
        ),
        needs=("media",),
        chart={
            "resources": {
                "requests": {"cpu": "250m", "memory": "384Mi"},
                "limits": {"cpu": "2", "memory": "1Gi"},
            },
            "scaling": {"lagThreshold": 200, "cpu": 75},
        },
    ),
    Part(
        name="verify",
        kind="processor",
        summary="asks as many people as the authorisation demands: candidates to verdicts",
        does="waits for two people",
        spec=Spec(
            name="verify",
            reads=("candidates", "verifications"),
            writes=("verdicts", "audit", "trust-heads"),
            state=True,
            references=("authorisations", "watchlist-entries", "sites", "device-lists", "silences", *SIGNED, *VOUCHED),
            tick_s=1.0,
        ),
    ),
    Part(
        name="route",
        kind="processor",
        summary="decides which sightings and verdicts are alerts, and for whom",
        does="decides who is told",
        spec=Spec(
            name="route",
            reads=("sightings", "verdicts", "device-status"),
            writes=("alert-triggers", "correlation-steps", "site-armings", "audit"),
            references=("devices", "sites", "rule-sets", "site-armings", *VOUCHED),
        ),
    ),
    Part(
        name="correlate",
        kind="processor",
        summary="watches what several events together say: N in T, dwell, A then B, A without B",
        does="sees events together",
        spec=Spec(
            name="correlate",
            reads=("correlation-steps",),
            writes=("alert-triggers", "audit"),
            state=True,
            references=("rule-sets",),
            tick_s=1.0,
        ),
    ),
    Part(
        name="group",
        kind="processor",
        summary="keeps one alert for each group, with a life",
        does="makes alerts of events",
        spec=Spec(
            name="group",
            reads=("alert-triggers", "alert-actions", "step-failures"),
            writes=("alerts", "audit", "inhibitions", "incident-steps"),
            state=True,
            references=(
                "inhibitions",
                "silences",
                "sites",
                "devices",
                "rule-sets",
                "site-armings",
                "erasures",
                *VOUCHED,
            ),
            tick_s=1.0,
        ),
    ),
    Part(
        name="incident",
        kind="processor",
        summary="puts alerts that belong together in space and time into one incident",
        does="sees alerts together",
        spec=Spec(
            name="incident",
            reads=("incident-steps", "incident-actions"),
            writes=("incidents", "audit"),
            state=True,
            references=("rule-sets", "erasures", *VOUCHED),
            tick_s=1.0,
        ),
        essential=False,
    ),
    Part(
        name="notify",
        kind="processor",
        summary="hands alerts to receivers, signed, with a ledger",
        does="tells them",
        spec=Spec(
            name="notify",
            reads=("alerts",),
            writes=("deliveries", "audit", "alerts-dlq", "alert-triggers", "step-failures"),
            state=True,
            references=(
                "authorisations",
                "watchlist-entries",
                "sites",
                "silences",
                "inhibitions",
                "devices",
                "rule-sets",
                "site-armings",
                *VOUCHED,
            ),
            tick_s=0.5,
            acts_outside=True,
        ),
        needs=("receivers",),
        chart={"scaling": {"lagThreshold": 50}},
    ),
    Part(
        name="audit",
        kind="processor",
        summary="chains what people and rules decided",
        does="seals the log",
        spec=Spec(
            name="audit", reads=("audit",), writes=("audit-chain", "audit"), state=True, references=VOUCHED, pace_s=0.2
        ),
    ),
    Part(
        name="anchor",
        kind="processor",
        summary="keeps signed checkpoints of the audit log outside of Kafka, and holds the log against them",
        does="vouches for the log",
        spec=Spec(name="anchor", reads=("audit-chain",), writes=("audit",), replay=True, tick_s=1.0, pace_s=1.0),
        needs=("anchors",),
        essential=False,
        chart=FIXED,
    ),
    Part(
        name="project",
        kind="processor",
        summary="folds what the console shows into Redis",
        does="fills this console",
        spec=Spec(
            name="project",
            reads=("candidates", "verifications", "verdicts", "alerts", "deliveries", "incidents"),
            writes=("audit",),
            references=(*VOUCHED, "erasures"),
            replay=True,
            pace_s=0.1,
        ),
        chart=FIXED,
    ),
    Part(
        name="retain",
        kind="processor",
        summary="deletes what is past its lifetime, and what came of authorisations that ended",
        does="deletes what is too old",
        spec=Spec(
            name="retain",
            reads=("candidates", "verdicts"),
            writes=("audit", "erasures", "watchlist-entries", "candidates"),
            state=True,
            references=("watchlist-entries", "authorisations", "legal-holds", *VOUCHED),
            tick_s=2.0,
        ),
        needs=("media",),
        essential=False,
        chart=FIXED,
    ),
    Part(
        name="console",
        kind="console",
        summary="the page for people",
        does="serves this page",
        writes=(
            "verifications",
            "alert-actions",
            "incident-actions",
            "silences",
            "site-armings",
            "authorisations",
            "watchlist-entries",
            "export-orders",
            "audit",
        ),
        references=("silences", "sites", "site-armings", "alerts", "alert-triggers", "export-orders", *LINEAGE),
        port=8090,
        needs=("media",),
        chart={**LISTENS, "secureCookie": True},
    ),
)

# Chains that chart, ACLs and doctor know, by the name of the deployment; `fairwatch run` takes any other one too.
CHAINS: dict[str, tuple[str, ...]] = {
    "pipeline": ("normalize", "enrich", "match", "verify", "route", "group"),
}


@cache
def parts() -> Mapping[str, Part]:
    """Return every component by name."""
    return {part.name: part for part in PARTS}


def of_kind(kind: Kind, *, essential: bool = False) -> dict[str, Part]:
    """Return the components of one kind by name, in the order of the flow; of essential ones only where asked."""
    return {name: part for name, part in parts().items() if part.kind == kind and (part.essential or not essential)}


def spec_of(name: str) -> Spec:
    """Return what the engine has to know of a processor."""
    spec = parts()[name].spec
    if spec is None:
        raise TypeError(f"{name} is a {parts()[name].kind}, no processor")
    return spec
