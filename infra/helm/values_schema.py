"""Every value of the chart, with what it means: the source of values.schema.json and of the chart's README."""

from __future__ import annotations

from component_schema import DEFINITIONS, NONE, secret, way
from vocabulary import Schema, anything, flag, group, labels, number, objects, refer, sentence, text, texts

from fairwatch.parts import CHAINS, of_kind

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
            "insecure": flag(
                "Go on without TLS, or without knowing who writes: whoever reaches Kafka writes what he likes."
            ),
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
    "mediaKey": group(
        "The master key under which pictures are sealed; given to whatever handles pictures.",
        {
            "existingSecret": secret("Secret with 32 bytes in base64, `openssl rand -base64 32`; without, NOT SEALED"),
            "key": text("Its key."),
            "otherKey": text(
                "Its key of a second master key that is only read, while the master key is changed; empty for none."
            ),
            "keysUrl": text("s3://bucket of data keys, never where pictures are backed up; empty: keysClaim."),
            "keysClaim": text("PersistentVolumeClaim of data keys that all pods share."),
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
    "devicesSecret": group(
        "What seals passwords in the records of devices.",
        {
            "existingSecret": secret("Secret with random characters, at least 32, the same for all gateways"),
            "key": text("Its key."),
        },
    ),
    "signingKey": group(
        "What signs what people do at the console; its public half is registered with `fairwatch keys init`.",
        {
            "existingSecret": secret("Secret of the console; without it nobody can decide on a candidate"),
            "key": text("Its key."),
        },
    ),
    "receiptKey": group(
        "What signs receipts of what `retain` deletes; its public half stands under `receipts` in trust.yaml.",
        {
            "existingSecret": secret("Secret of processors.retain alone; without it nobody can check its receipts"),
            "key": text("Its key."),
        },
    ),
    "auditAnchor": group(
        "Where processors.anchor keeps checkpoints of the audit log: outside of Kafka, whoever writes there.",
        {
            "existingClaim": text(
                "PersistentVolumeClaim for it alone, 256Mi for two years; empty: the pod's own disk, LOST WITH THE POD."
            ),
            "atConsole": flag(
                "Auditors see at the console what the log is held against: it mounts the claim, too, read-only. "
                "Of a claim that one node alone may mount (ReadWriteOnce) both pods have to be on that node."
            ),
            "existingSecret": secret("Secret with the key that signs; empty: one is made on the volume"),
            "key": text("Its key."),
        },
    ),
    "chainKey": group(
        "What proves who wrote or handled a record: candidates, verdicts and alerts of nobody of ours are refused.",
        {
            "existingSecret": secret("Secret with random bytes, the same for all processors; needed by chains"),
            "key": text("Its key."),
        },
    ),
    "receivers": group(
        "What receivers.yaml needs besides variables, for which there is `processors.notify.envFromSecrets`.",
        {
            "secretFiles": texts(
                "Secrets whose keys are files of notify, /secrets/receiver-NAME/KEY: for `ca_file`, `password_file` ..."
            ),
            "pictures": flag("Whether notify sees the media store: for e-mail with `pictures: true`."),
        },
    ),
    "links": group(
        "Signed links in messages, by which an alert is acknowledged without signing in.",
        {
            "existingSecret": secret("Secret with at least 32 random characters, of `notify` and the console"),
            "key": text("Its key."),
            "consoleUrl": text("Where people's browsers reach the console, https://console.example."),
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
    "galleryShards": number(
        "Among how many deployments of match the lists are shared out, where they do not fit into one.", 1, 64
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
        "Files: routes, receivers, devices, people, trust, models, matching and reference, each .yaml.",
        {
            "check": flag("Whether a hook checks the files before each install and upgrade, which fails with them."),
            "existingConfigMap": text("ConfigMap to use instead of files; empty for none."),
            "existingSecret": text("Secret with further files, laid beside those of the ConfigMap; empty for none."),
            "git": group(
                "A Git repository to take the files from instead; fetched when a pod starts.",
                {
                    "repository": text(f"Its https:// address; {NONE}.", pattern="^(https?://[^@\\s]+)?$"),
                    "ref": text("Tag, branch or whole commit id; a branch may mean another commit to the next pod."),
                    "path": text("Folder in it; empty for its top."),
                    "existingSecret": secret("Secret with user name and password, or a token as the password"),
                    "usernameKey": text("Its key of the user name."),
                    "passwordKey": text("Its key of the password."),
                    "signers": {
                        "type": "array",
                        "description": "SSH public keys of which one must have signed the commit; empty: any is taken.",
                        "items": {"type": "string", "pattern": "^ssh-ed25519 [A-Za-z0-9+/=]+( [^,]*)?$"},
                    },
                },
            ),
            "files": {
                "type": "object",
                "description": "Content by file name; what reference.yaml says of sites and devices is published.",
                "propertyNames": {"pattern": "^[a-z][a-z0-9_-]*\\.yaml$"},
                "additionalProperties": {"type": ["string", "null"]},
            },
        },
    ),
    "defaults": refer("processor", "What every component gets where it says nothing."),
    "processors": group(
        "Processors by name.",
        {name: refer("processor", sentence(part.summary)) for name, part in of_kind("processor").items()},
    ),
    "chains": group(
        "Processors that run as one process; an enabled chain takes the place of its processors, whose `env` and"
        " `envFromSecrets` it has besides its own.",
        {name: refer("processor", f"{', '.join(parts)} in one process.") for name, parts in CHAINS.items()},
    ),
    "gateways": group(
        "Gateways by name.",
        {name: refer(f"{part.way}", sentence(part.summary)) for name, part in of_kind("gateway").items()},
    ),
    "console": refer("console", "The page for people."),
    "certificates": group(
        "Certificates that cert-manager writes into every tlsSecret and ingress.tlsSecret.",
        {
            "issuer": group(
                "Who signs them.",
                {
                    "name": text(f"Its name; {NONE}."),
                    "kind": text("Its kind, such as Issuer or ClusterIssuer."),
                    "group": text("Its API group."),
                },
            ),
            "duration": text("How long each is valid.", pattern="^[0-9]+h$"),
            "names": {
                "type": "object",
                "description": "Further host names by component, such as those by which devices know a load balancer.",
                "additionalProperties": texts("Host names."),
            },
        },
    ),
    "externalSecrets": group(
        "Secrets that the External Secrets operator copies from a vault of yours.",
        {
            "store": group(
                "The vault.",
                {"name": text("Its name."), "kind": text("Its kind.", enum=["SecretStore", "ClusterSecretStore"])},
            ),
            "refreshInterval": text("How often they are read again.", pattern="^[0-9]+(s|m|h)$"),
            "secrets": {
                "type": "object",
                "description": "By the secret's name: by its key, `path` or `path#property` in the vault.",
                "additionalProperties": labels("Where each key is."),
            },
        },
    ),
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
            "devices": way("Devices whose streams are read, for gateways.hikvision-stream."),
            "receivers": way("Receivers of alerts, for notify."),
            "anchors": way("Further anchors of the audit log, for processors.anchor."),
            "git": way("The Git server, where config.git names a repository."),
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
