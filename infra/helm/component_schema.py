"""What values of a single component mean, and ways of saying what recurs."""

from __future__ import annotations

from vocabulary import Schema, anything, flag, group, labels, number, objects, refer, text, texts

NONE = "empty for none"
QUANTITIES = {
    "cpu": {
        "type": ["string", "integer"],
        "description": "Cores, such as 250m or 2.",
        "pattern": "^[0-9]+(\\.[0-9]+)?m?$",
    },
    "memory": text("Bytes, such as 512Mi.", pattern="^[0-9]+(Ki|Mi|Gi)?$"),
}
RESOURCES = group(
    "What it asks for and may use at most.",
    {
        "requests": group("What the scheduler keeps for it.", QUANTITIES),
        "limits": group(
            "What it may use at most; memory above it ends the process.", QUANTITIES, required=["cpu", "memory"]
        ),
    },
    required=["limits"],
)
SCALING = group(
    "How replicas follow the load.",
    {
        "mode": text(
            "auto: KEDA where the cluster has it, the plain autoscaler otherwise; keda; hpa; none keeps `replicas`.",
            enum=["auto", "keda", "hpa", "none"],
        ),
        "max": number(
            "Most replicas; 0 for as many as its topics have partitions (4 for what reads no topic).", 0, 120
        ),
        "lagThreshold": number("Events of lag for which one replica is enough.", 1),
        "cpu": number(
            "Percent of the requested CPU above which replicas are added; 0: by lag only (without KEDA: 75).",
            0,
            100,
        ),
        "pollingInterval": number("Seconds between KEDA's looks at the lag.", 1),
        "scaleDownWindow": number("Seconds for which the load must stay low before replicas are taken away.", 0, 3600),
    },
)
COMMON = {
    "enabled": flag("Whether it runs."),
    "replicas": number("Replicas, and the fewest where it scales.", 1, 120),
    "resources": refer("resources", "What it asks for and may use at most."),
    "env": {
        "type": "object",
        "description": "More environment variables, by name.",
        "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"},
        "additionalProperties": {"type": "string"},
    },
    "envFromSecrets": texts(
        "Secrets whose keys become environment variables (receivers' addresses and secrets, devices' passwords)."
    ),
    "scaling": refer("scaling", "How replicas follow the load."),
    "startupSeconds": number("How long state and references may take to be restored before it is restarted.", 10, 7200),
    "terminationGracePeriodSeconds": number(
        "Time to finish and commit the batch in hand; processors need up to 45 s.", 50, 3600
    ),
    "topologySpread": texts("Node labels over which replicas are spread where possible."),
    "priorityClassName": text(f"PriorityClass; {NONE}."),
    "nodeSelector": labels("Labels that its nodes must have."),
    "tolerations": objects("Taints that it accepts."),
    "affinity": anything("Affinity rules, as Kubernetes has them."),
    "podLabels": labels("More labels of its pods."),
    "podAnnotations": labels("More annotations of its pods."),
}
LISTENING = {
    "service": group(
        "How it is reached in the cluster.",
        {
            "type": text("Type of its Service.", enum=["ClusterIP", "NodePort", "LoadBalancer"]),
            "port": number("Port of its Service.", 1, 65535),
            "annotations": labels("Annotations of its Service."),
            "from": objects(
                "Peers of a NetworkPolicy that may connect; empty for everybody (devices live outside of the cluster)."
            ),
        },
    ),
    "ingress": group(
        "An Ingress to it.",
        {
            "enabled": flag("Whether there is one."),
            "className": text("IngressClass; empty for the cluster's default."),
            "host": text("Host name."),
            "tlsSecret": text(f"Secret with its certificate, such as cert-manager writes; {NONE}."),
            "annotations": labels("Annotations, such as cert-manager's issuer."),
        },
    ),
    "httpRoute": group(
        "A Gateway API HTTPRoute to it.",
        {
            "enabled": flag("Whether there is one."),
            "parentRefs": objects("Gateways that it hangs on."),
            "hostnames": texts("Host names."),
        },
    ),
    "tlsSecret": text(f"kubernetes.io/tls secret with which the process speaks TLS itself; {NONE}."),
}
DEFINITIONS = {
    "resources": RESOURCES,
    "scaling": SCALING,
    "processor": group("A processor; what it does not say is taken from `defaults`.", COMMON),
    "serve": group(
        "A gateway that listens; what it does not say is taken from `defaults`.",
        {
            **COMMON,
            **LISTENING,
            "clientCertificates": flag("Whether devices may sign in with certificates of `ca.crt` in tlsSecret."),
        },
    ),
    "subscribe": group("A gateway that subscribes: one replica; else as in `defaults`.", COMMON),
    "pull": group("A gateway that reads from devices; what it does not say is taken from `defaults`.", COMMON),
    "console": group(
        "The console; what it does not say is taken from `defaults`.",
        {
            **COMMON,
            **LISTENING,
            "secureCookie": flag(
                "Whether the session's cookie is sent over TLS only; false only where people use plain HTTP."
            ),
        },
    ),
}


def way(meaning: str) -> Schema:
    """Describe where a NetworkPolicy lets a component connect to."""
    return group(
        meaning,
        {
            "ports": {
                "type": "array",
                "description": "Ports that may be connected to.",
                "items": {"type": "integer", "minimum": 1, "maximum": 65535},
            },
            "to": objects("Peers of a NetworkPolicy; empty for any address."),
        },
    )


def secret(meaning: str) -> Schema:
    """Describe a reference to a secret."""
    return text(f"{meaning}; {NONE}.")
