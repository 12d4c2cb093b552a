"""Every value of the chart, with what it means: the source of values.schema.json and of the chart's README."""

from __future__ import annotations

from vocabulary import Schema, anything, flag, group, labels, number, objects, refer, sentence, text, texts

from fairwatch.apps.catalogue import GATEWAYS, PROCESSORS

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
    "gateway": group(
        "A gateway; what it does not say is taken from `defaults`.",
        {
            **COMMON,
            **LISTENING,
            "clientCertificates": flag("Whether devices may sign in with certificates of `ca.crt` in tlsSecret."),
        },
    ),
    "mqtt": group("The MQTT gateway, one replica; what it does not say is taken from `defaults`.", COMMON),
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


PROPERTIES = {
    "fullnameOverride": text("Name of what is installed instead of one made from the release's.", maxLength=40),
    "image": group(
        "The image of every component.",
        {
            "repository": text("Where it is.", minLength=1),
            "tag": text(
                "Its tag; empty for the chart's appVersion. `latest` is refused.",
                pattern="^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$",
            ),
            "digest": text("Its digest, which wins over the tag.", pattern="^(sha256:[0-9a-f]{64})?$"),
            "pullPolicy": text("When it is pulled.", enum=["IfNotPresent", "Always", "Never"]),
            "pullSecrets": texts("Secrets to pull it with."),
        },
    ),
    "user": number("User and group that the processes run as; never root.", 1),
    "kafka": group(
        "The Kafka cluster, somebody's platform.",
        {
            "bootstrap": text("host:port, comma separated.", pattern="^[^\\s,:]+:[0-9]+(,\\s*[^\\s,:]+:[0-9]+)*$"),
            "security": text("Security protocol.", enum=["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
            "sasl": group(
                "Signing in with SASL_*.",
                {
                    "mechanism": text("Mechanism.", enum=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
                    "existingSecret": secret("Secret with user name and password"),
                    "usernameKey": text("Its key of the user name."),
                    "passwordKey": text("Its key of the password."),
                },
            ),
            "tls": group(
                "Certificates with SSL and SASL_SSL.",
                {
                    "caSecret": secret(
                        "Secret with the authority's certificate, such as Strimzi's <cluster>-cluster-ca-cert"
                    ),
                    "caKey": text("Its key."),
                    "clientSecret": secret("Secret with a client certificate, for mTLS"),
                    "certKey": text("Its key of the certificate."),
                    "keyKey": text("Its key of the private key."),
                },
            ),
        },
    ),
    "topics": group(
        "The topics of schemas/topics.",
        {
            "apply": text(
                "job: a hook runs `fairwatch topics apply`; strimzi: KafkaTopic resources; none: somebody else does.",
                enum=["job", "strimzi", "none"],
            ),
            "prefix": text("Put before every topic and consumer group.", pattern="^[a-z0-9._-]{0,40}$"),
            "maxPartitions": number("Bounds the partitions of every topic; 0 for what schemas/topics says.", 0, 120),
            "replication": number("Replicas of a topic.", 1, 9),
            "resources": refer("resources", "Of the hook's pod."),
        },
    ),
    "strimzi": group(
        "Resources for Strimzi's operators.",
        {
            "cluster": text("Name of the Kafka resource."),
            "namespace": text(
                "Namespace that Strimzi watches; empty for the release's. From another, copy the users' secrets."
            ),
            "apiVersion": text("API version of its resources.", enum=["v1beta2", "v1"]),
            "users": group(
                "One KafkaUser for each component.",
                {"enabled": flag("Whether they are made; each may do what schemas/topics says and nothing else.")},
            ),
        },
    ),
    "registry": group(
        "A schema registry.", {"url": text("Confluent-compatible registry; empty: single-object encoding.")}
    ),
    "redis": group(
        "Redis: what the console shows, sessions and rate limits.",
        {
            "url": text("URL without a password; use existingSecret where there is one."),
            "existingSecret": secret("Secret with the URL"),
            "key": text("Its key."),
        },
    ),
    "media": group(
        "Where pictures are kept.",
        {
            "url": text("s3://bucket/prefix or another object store; empty for a volume."),
            "existingSecret": secret("Secret whose keys become environment variables, such as AWS_ACCESS_KEY_ID"),
            "existingClaim": text(
                "PersistentVolumeClaim that all pods share; empty without url: each pod keeps its own and loses it."
            ),
        },
    ),
    "mqtt": group(
        "The MQTT broker of the mqtt gateway.",
        {
            "url": text("URL without a password; use existingSecret where there is one."),
            "existingSecret": secret("Secret with the URL"),
            "key": text("Its key."),
        },
    ),
    "nonce": group(
        "What signs nonces of HTTP digest.",
        {
            "existingSecret": secret("Secret that all replicas of a gateway share; needed with more than one"),
            "key": text("Its key."),
        },
    ),
    "trustedProxies": texts("Addresses or networks from which X-Forwarded-For is believed."),
    "traces": group(
        "OpenTelemetry traces, from a device's request to the delivery.",
        {
            "endpoint": text(f"Collector that takes OTLP over HTTP, such as http://collector:4318; {NONE}."),
            "ratio": {
                "type": "number",
                "description": "Share of the traces that are recorded, 0 to 1.",
                "minimum": 0,
                "maximum": 1,
            },
        },
    ),
    "faces": group(
        "Comparing faces.",
        {
            "enabled": flag("Whether match compares faces; needs the models and shared pictures."),
            "modelDir": text("Folder of the models; empty for the image's."),
        },
    ),
    "softBiometrics": flag("Keep estimated age and gender of persons; off unless the law allows it."),
    "log": group(
        "Logs.",
        {
            "level": text("Least level that is written.", enum=["debug", "info", "warning", "error"]),
            "json": flag("One JSON object a line."),
        },
    ),
    "config": group(
        "routes.yaml, receivers.yaml, devices.yaml, people.yaml, models.yaml.",
        {
            "existingConfigMap": text("ConfigMap to use instead of files; empty for none."),
            "existingSecret": text("Secret with further files, laid beside those of the ConfigMap; empty for none."),
            "files": {
                "type": "object",
                "description": "Content by file name.",
                "propertyNames": {"pattern": "^[a-z][a-z0-9_-]*\\.yaml$"},
                "additionalProperties": {"type": ["string", "null"]},
            },
        },
    ),
    "defaults": refer("processor", "What every component gets where it says nothing."),
    "processors": group(
        "Processors by name.", {name: refer("processor", sentence(summary)) for name, summary in PROCESSORS.items()}
    ),
    "gateways": group(
        "Gateways by name.",
        {name: refer("mqtt" if name == "mqtt" else "gateway", sentence(summary)) for name, summary in GATEWAYS.items()},
    ),
    "console": refer("console", "The page for people."),
    "networkPolicy": group(
        "Nothing in and nothing out but what is needed.",
        {
            "enabled": flag("Whether policies are made."),
            "metricsFrom": {**objects("Peers that may read /metrics."), "minItems": 1},
            "dns": group("Names.", {"to": objects("Peers of a NetworkPolicy; empty for any address.")}),
            "kafka": way(
                "The brokers; without ports those of kafka.bootstrap, so name what they advertise where it differs."
            ),
            "redis": way("Redis."),
            "registry": way("The schema registry, where there is one."),
            "media": way("The object store, where media.url names one."),
            "mqtt": way("The MQTT broker, for gateways.mqtt."),
            "receivers": way("Receivers of alerts, for notify."),
            "traces": way("The collector, where traces.endpoint names one."),
        },
    ),
    "monitoring": group(
        "Resources for the Prometheus operator.",
        {
            "labels": labels("Labels by which your Prometheus finds them."),
            "podMonitor": group(
                "PodMonitor of all components.",
                {
                    "enabled": flag("Whether there is one."),
                    "interval": text("Between two readings.", pattern="^[0-9]+(s|m)$"),
                },
            ),
            "rules": group(
                "PrometheusRule with the rules of infra/prometheus, for this namespace.",
                {
                    "enabled": flag("Whether there is one."),
                    "runbooks": text(f"Address under which infra/runbooks is published; {NONE}."),
                },
            ),
        },
    ),
    "dashboards": group(
        "Grafana's dashboards as ConfigMaps.",
        {
            "enabled": flag("Whether there are any."),
            "labels": labels("Labels by which Grafana's sidecar finds them."),
            "annotations": labels("Annotations, such as the folder that the sidecar puts them in."),
        },
    ),
    "tests": group(
        "`helm test`: `fairwatch doctor` in a pod, and `fairwatch probe` in another.",
        {
            "enabled": flag("Whether there are any."),
            "probe": group(
                "An observation is published and its alert awaited; that alert reaches the rule's receivers.",
                {
                    "eventType": text(
                        "Event type that one of your rules takes, such as tamper.other; empty: nothing is published."
                    ),
                    "patience": number("Seconds to wait for the alert.", 1, 3600),
                },
            ),
            "envFromSecrets": texts(
                "Secrets whose keys become their environment variables: those of the receivers and devices."
            ),
            "resources": refer("resources", "Of each pod."),
        },
    ),
    "global": anything("Unused; Helm hands it to every chart."),
}

SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Values of the chart fairwatch",
    "type": "object",
    "additionalProperties": False,
    "properties": PROPERTIES,
    "$defs": DEFINITIONS,
}
