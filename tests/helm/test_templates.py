"""What the chart renders for what is asked of it."""

import re
from itertools import product

import pytest
import yaml

from fairwatch.apps.catalogue import components
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.worker import STOP_S
from fairwatch.parts import CHAINS, spec_of
from fairwatch.wire.topics import topics
from tests.helm.chart import (
    CHART,
    INSECURE,
    VARIANTS,
    allowed,
    everything,
    helm,
    needs_helm,
    pods,
    refusal,
    rendered,
    resources,
)

pytestmark = needs_helm
DNS = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
KEDA, ALL, SMALL = VARIANTS["keda"], VARIANTS["everything"], VARIANTS["small-site"]
each_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
PROCESSORS = [part.name for part in components().values() if part.kind == "processor"]
PREFIX = "site1."


def _bytes(quantity):
    number, unit = int(quantity[:-2]), quantity[-2:]
    return number * {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}[unit]


@each_variant
def test_lint_is_strict(variant):
    values = variant[variant.index("-f") :] if "-f" in variant else ()
    result = helm("lint", "--strict", str(CHART), *INSECURE, *values)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_component_runs_by_its_name():
    deployments = resources(ALL, "Deployment")
    assert set(deployments) == set(components())
    for name, deployment in deployments.items():
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert [*container["command"], *container["args"]] == ["fairwatch", "run", name]


@each_variant
def test_termination_covers_the_drain_and_start_up_comes_before_liveness(variant):
    drain = EngineConfig.__dataclass_fields__["drain_s"].default
    for deployment in resources(variant, "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] > drain + STOP_S + 5
        container = pod["containers"][0]
        assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"] == "/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"] == 300


@each_variant
def test_every_deployment_has_a_budget_that_lets_nodes_be_drained(variant):
    budgets = resources(variant, "PodDisruptionBudget")
    deployments = resources(variant, "Deployment")
    assert set(budgets) == set(deployments)
    for name, budget in budgets.items():
        labels = deployments[name]["spec"]["selector"]["matchLabels"]
        assert budget["spec"]["selector"]["matchLabels"] == labels
        assert budget["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in budget["spec"]


@pytest.mark.parametrize(("variant", "most"), [(KEDA, 0), (ALL, 6)], ids=["as-declared", "bounded"])
def test_lag_never_scales_above_the_partitions(variant, most):
    scaled = resources(variant, "ScaledObject")
    assert set(scaled) == set(PROCESSORS) - {"project", "retain", "anchor"}, (
        "their lag says nothing: one replays, one waits for the clock"
    )
    for name, found in scaled.items():
        partitions = [topics()[topic].partitions for topic in spec_of(name).reads]
        bound = min(*partitions, most or partitions[0], partitions[0])
        assert 1 <= found["spec"]["minReplicaCount"] <= found["spec"]["maxReplicaCount"] <= bound
        triggers = [trigger["metadata"] for trigger in found["spec"]["triggers"] if trigger["type"] == "kafka"]
        prefix = PREFIX if variant is ALL else ""
        assert {trigger["topic"] for trigger in triggers} == {prefix + topic for topic in spec_of(name).reads}
        assert {trigger["consumerGroup"] for trigger in triggers} == {f"{prefix}fairwatch-{name}"}
        assert "replicas" not in resources(variant, "Deployment")[name]["spec"]


def test_match_scales_on_cpu_too():
    triggers = resources(KEDA, "ScaledObject")["match"]["spec"]["triggers"]
    assert {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "75"}} in triggers


def test_plain_autoscaler_takes_over_without_keda():
    assert everything(VARIANTS["default"], "ScaledObject") == []
    found = resources(VARIANTS["default"], "HorizontalPodAutoscaler")
    assert set(found) == set(PROCESSORS) - {"project", "retain", "anchor"}
    assert all(scaler["spec"]["maxReplicas"] == 12 for scaler in found.values())


def test_keda_signs_in_as_the_component_does():
    authentication = resources(ALL, "TriggerAuthentication")["route"]["spec"]
    assert authentication["env"] == [
        {"parameter": "username", "name": "FAIRWATCH_KAFKA_USERNAME", "containerName": "fairwatch"}
    ]
    assert [(target["parameter"], target["name"]) for target in authentication["secretTargetRef"]] == [
        ("password", "hub-fairwatch-route"),
        ("ca", "kafka-cluster-ca-cert"),
    ]
    names = {
        target["parameter"]
        for target in resources(VARIANTS["mutual-tls"], "TriggerAuthentication")["route"]["spec"]["secretTargetRef"]
    }
    assert names == {"ca", "cert", "key"}


RIGHTS = ("Describe", "Write")  # on transactional ids


def test_a_chain_takes_the_place_of_its_processors_and_has_all_that_they_had():
    chained = VARIANTS["chains"]
    deployments, scaled, users = (resources(chained, kind) for kind in ("Deployment", "ScaledObject", "KafkaUser"))
    singles = {part for parts in CHAINS.values() for part in parts}
    assert set(deployments) == set(users) == set(components()) - singles | set(CHAINS)
    for name, parts in CHAINS.items():
        container = deployments[name]["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["run", "+".join(parts)]
        assert {"name": "FAIRWATCH_CHAIN_KEY_FILE", "value": "/secrets/chain/key"} in container["env"]
        triggers = [row["metadata"] for row in scaled[name]["spec"]["triggers"] if row["type"] == "kafka"]
        assert {row["topic"] for row in triggers} == {PREFIX + topic for part in parts for topic in spec_of(part).reads}
        assert {row["consumerGroup"] for row in triggers} == {f"{PREFIX}fairwatch-{'+'.join(parts)}"}
        had = [resources(ALL, "KafkaUser")[part] for part in parts]
        assert allowed(users[name], "topic") == set().union(*(allowed(user, "topic") for user in had))
        forms = [f"{PREFIX}fairwatch-{form}" for form in ("+".join(parts), *parts)]
        assert allowed(users[name], "transactionalId") == set(product([f"{form}-" for form in forms], RIGHTS))
        assert {group for group, _ in allowed(users[name], "group")} == set(forms)
    pipeline = deployments["pipeline"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "NO_PROXY", "value": "pictures.example.org"} in pipeline["env"]
    assert {"secretRef": {"name": "pictures"}} in pipeline["envFrom"]


@pytest.mark.parametrize("name", components())
def test_kafka_user_may_do_exactly_what_the_topics_say(name):
    wanted = {
        (PREFIX + topic.name, verb)
        for topic in topics().values()
        if name in topic.consumers
        for verb in ("Read", "Describe")
    }
    wanted |= {
        (PREFIX + topic.name, verb)
        for topic in topics().values()
        if name in topic.producers
        for verb in ("Write", "Describe")
    }
    groups, commits = set(), name in PROCESSORS and not spec_of(name).replay
    if name in PROCESSORS:
        groups = {(f"{PREFIX}fairwatch-{name}", verb) for verb in ("Read", "Describe")}
        if spec_of(name).state:
            verbs = ("Create", "Describe", "DescribeConfigs", "Read", "Write")
            wanted |= {(f"{PREFIX}fairwatch-{name}-state", verb) for verb in verbs}
    user = resources(ALL, "KafkaUser")[name]
    assert allowed(user, "topic") == wanted
    forms = ["+".join(parts) for parts in CHAINS.values() if name in parts]  # whose work it may have to go on from
    assert allowed(user, "group") == groups | {(f"{PREFIX}fairwatch-{form}", "Describe") for form in forms}
    ids = [f"{PREFIX}fairwatch-{form}-" for form in (name, *forms)]
    assert allowed(user, "transactionalId") == set(product(ids, RIGHTS) if commits else ())
    for acl in user["spec"]["authorization"]["acls"]:
        # A worker numbers its transactional ids; everything else is named whole.
        kind, pattern = acl["resource"]["type"], acl["resource"]["patternType"]
        assert pattern == ("prefix" if kind == "transactionalId" else "literal")
        assert kind in {"topic", "group", "transactionalId"}


def test_kafka_topics_are_those_of_the_schemas_and_of_the_states():
    found = {topic["spec"]["topicName"]: topic["spec"] for topic in everything(ALL, "KafkaTopic")}
    states = {f"{PREFIX}fairwatch-{name}-state" for name in PROCESSORS if spec_of(name).state}
    assert set(found) == {PREFIX + name for name in topics()} | states
    for topic in topics().values():
        spec = found[PREFIX + topic.name]
        assert spec["partitions"] == min(topic.partitions, 6)
        assert spec["config"] == topic.configuration()
    for name in states:
        assert found[name]["config"] == {"cleanup.policy": "compact"}
        assert found[name]["partitions"] == 6


def test_topics_are_applied_before_install_and_upgrade():
    job = resources((), "Job")["topics"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["topics", "apply"]
    assert "serviceAccountName" not in pod, "the chart's own is not there yet"
    assert not any("configMap" in str(volume) for volume in pod["volumes"]), "nor is its configuration"


def test_schemas_are_registered_where_there_is_a_registry():
    job = resources(ALL, "Job")["topics"]
    pod = job["spec"]["template"]["spec"]
    steps = [container["args"] for container in (*pod.get("initContainers", ()), *pod["containers"])]
    assert steps[-1] == ["schemas", "register"]
    assert steps[:-1] == [], "Strimzi makes the topics there"
    both = resources(("--set", "registry.url=http://registry:8081"), "Job")["topics"]
    pod = both["spec"]["template"]["spec"]
    assert [container["args"] for container in pod["initContainers"]] == [["topics", "apply"]]
    assert [container["args"] for container in pod["containers"]] == [["schemas", "register"]]
    assert {"name": "FAIRWATCH_REGISTRY_URL", "value": "http://registry:8081"} in pod["containers"][0]["env"]


def test_configuration_is_checked_before_it_is_live():
    before = resources((), "Job")["check"]
    assert before["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = before["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["config", "check", "/config"]
    [files] = [volume["projected"] for volume in pod["volumes"] if volume["name"] == "config"]
    assert files["sources"] == [{"configMap": {"name": "hub-fairwatch-config-next"}}]
    now, after = (found for found in everything((), "ConfigMap") if "-config" in found["metadata"]["name"])
    assert now["data"] == after["data"]
    assert resources((), "NetworkPolicy")["check"]["spec"]["egress"] == [{"ports": DNS}], "it asks nobody"


def test_configuration_comes_from_git_to_every_pod_that_has_any():
    found = pods(VARIANTS["git"])
    assert found.pop("Job/hub-fairwatch-topics").get("initContainers") is None
    for name, pod in found.items():
        [fetch] = pod["initContainers"]
        assert fetch["args"][:5] == ["config", "fetch", "https://git.example.org/sites.git", "--ref", "v7"], name
        assert fetch["args"][-2:] == ["--beside", "/secrets/beside"], name
        assert {"name": "config", "mountPath": "/config"} in fetch["volumeMounts"], name
        [seen] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "config"]
        assert seen["readOnly"], name
    for name, policy in resources(VARIANTS["git"], "NetworkPolicy").items():
        reaches = {port["port"] for way in policy["spec"].get("egress", ()) for port in way.get("ports", ())}
        assert (443 in reaches) == (name not in {"network", "topics"}), name
    names = {found["metadata"]["name"] for found in everything(VARIANTS["git"], "ConfigMap")}
    assert not [name for name in names if "-config" in name]
    assert "config.git.ref" in refusal("--set", "config.git.repository=https://git.example.org/sites.git")
    assert "one of them" in refusal(*VARIANTS["git"], "--set", "config.existingConfigMap=files")


def test_sites_and_devices_are_published_once_the_release_is_there():
    assert set(resources((), "Job")) == {"check", "topics"}
    given = ("--set-json", 'config.files={"reference.yaml": "sites: []"}')
    found = resources(given, "Job")["reference"]
    assert found["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert found["spec"]["template"]["spec"]["containers"][0]["args"] == ["config", "publish", "/config"]


def test_certificates_and_secrets_come_from_those_who_keep_them():
    certificates = {found["spec"]["secretName"]: found["spec"] for found in everything(ALL, "Certificate")}
    assert set(certificates) == {"viid", "events"}
    assert certificates["viid"]["dnsNames"] == ["hub-fairwatch-viid", "hub-fairwatch-viid.site.svc", "viid.example.org"]
    assert certificates["events"]["dnsNames"] == ["events.example.org"]
    assert certificates["events"]["issuerRef"]["name"] == "authority"
    assert everything((), "Certificate") == everything((), "ExternalSecret") == []
    secrets = {found["metadata"]["name"]: found["spec"] for found in everything(ALL, "ExternalSecret")}
    assert secrets["kafka-login"]["data"][0]["remoteRef"] == {"key": "hub/kafka", "property": "password"}
    assert secrets["nonce"]["data"] == [{"secretKey": "nonce", "remoteRef": {"key": "hub/nonce"}}]
    assert "externalSecrets.store.name" in refusal("--set", "externalSecrets.secrets.a.b=c")


def test_only_those_who_need_it_reach_out():
    def ports(name):
        egress = resources(ALL, "NetworkPolicy")[name]["spec"]["egress"]
        return sorted({port["port"] for rule in egress for port in rule["ports"]})

    everybody = [53, 4318, 6379, 8081, 9093, 9094]
    assert ports("route") == everybody
    assert ports("notify") == sorted([*everybody, 443])
    assert ports("match") == sorted([*everybody, 443]), "pictures are in an object store"
    assert ports("mqtt") == sorted([*everybody, 443, 1883, 8883])
    assert ports("hikvision-stream") == sorted([*everybody, 80, 443])


def test_only_what_listens_can_be_reached():
    policies = resources(ALL, "NetworkPolicy")
    reached = {
        name
        for name, policy in policies.items()
        for rule in policy["spec"].get("ingress", [])
        if {"port": 8080} in rule["ports"]
    }
    assert reached == set(resources(ALL, "Service")) == {"http", "viid", "console"}
    assert policies["http"]["spec"]["ingress"][1]["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]


def test_changed_configuration_restarts_the_pods():
    def checksum(*more):
        deployment = resources((*VARIANTS["default"], *more), "Deployment")["route"]
        return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum() != checksum("--set", "config.files.extra\\.yaml=a")
    for followed in ("devices", "reference"):  # one more camera rolls nothing
        assert checksum() == checksum("--set", f"config.files.{followed}\\.yaml=a")


def test_rules_are_those_of_prometheus_for_this_namespace_only():
    [rules] = everything(ALL, "PrometheusRule")
    source = yaml.safe_load((CHART.parents[1] / "infra/prometheus/fairwatch.rules.yaml").read_text(encoding="utf-8"))
    wanted = [rule for group in source["groups"] for rule in group["rules"]]
    found = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in found] == [rule["alert"] for rule in wanted]
    for rule, origin in zip(found, wanted, strict=True):
        here = re.sub(r'\{namespace="site"\}|namespace="site",', "", rule["expr"])
        assert here == origin["expr"]
        metrics = re.findall(r"fairwatch_[a-z_]+", rule["expr"])
        assert rule["expr"].count('{namespace="site"') == len(metrics) > 0, rule["expr"]
        assert rule["labels"] == origin["labels"] | {"namespace": "site"}
        assert rule["annotations"]["runbook_url"] == f"https://runbooks.example.org/{rule['alert']}.md"
        assert rule["annotations"]["summary"] == origin["annotations"]["summary"]


def test_helm_test_examines_and_probes():
    secured = (*ALL, "--set", "kafka.insecure=false")
    tests = {name: pod["containers"][0]["args"] for name, pod in pods(secured).items() if name.startswith("Pod/")}
    assert tests == {
        "Pod/hub-fairwatch-doctor": ["doctor"],
        "Pod/hub-fairwatch-probe": ["probe", "tamper.other", "--patience", "60"],
    }
    assert "Pod/hub-fairwatch-probe" not in pods(VARIANTS["default"]), "no rule takes anything yet"
    assert pods(VARIANTS["default"])["Pod/hub-fairwatch-doctor"]["containers"][0]["args"] == ["doctor", "--insecure"]


def test_small_site_fits_a_small_node():
    memory = {"requests": 0, "limits": 0}
    for deployment in resources(SMALL, "Deployment").values():
        assert deployment["spec"]["replicas"] == 1
        for kind in memory:
            memory[kind] += _bytes(deployment["spec"]["template"]["spec"]["containers"][0]["resources"][kind]["memory"])
    assert memory["requests"] <= memory["limits"] <= 1_900_000_000
    assert everything(SMALL, "HorizontalPodAutoscaler") == everything(SMALL, "ScaledObject") == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("processors.match.replica=2", "at '/processors/match': additional properties 'replica' not allowed"),
        ("processors.matc.replicas=2", "at '/processors': additional properties 'matc' not allowed"),
        ("kafka.bootstrap=kafka", "at '/kafka/bootstrap': 'kafka' does not match pattern"),
        ("kafka.security=TLS", "at '/kafka/security': value must be one of 'PLAINTEXT', 'SSL'"),
        ("user=0", "at '/user': minimum: got 0, want 1"),
        ("processors.route.terminationGracePeriodSeconds=5", "minimum: got 5, want 50"),
        ("image.tag=latest", "image.tag is latest: name a version"),
        ("processors.route.replicas=13", "processors.route.replicas is 13, but its topics have 12 partitions"),
        ("processors.route.scaling.max=13", "processors.route.scaling.max is 13, but its topics have 12 partitions"),
        ("topics.maxPartitions=3,processors.route.scaling.max=4", "but its topics have 3 partitions"),
        ("processors.route.replicas=3,processors.route.scaling.max=2", "replicas is 3, more than the 2 of scaling.max"),
        (
            "processors.project.scaling.mode=keda",
            "processors.project.scaling.mode must be none: it reads its topics anew",
        ),
        ("gateways.mqtt.enabled=true,gateways.mqtt.replicas=2", "gateways.mqtt must have replicas 1"),
        ("chains.pipeline.enabled=true", "name the secret that its processors share in chainKey.existingSecret"),
        ("gateways.http.replicas=2", "gateways.http has more than one replica: set nonce.existingSecret"),
        ("kafka.security=SASL_SSL", "name the secret with user name and password in kafka.sasl.existingSecret"),
        ("faces.enabled=true", "set media.url or media.existingClaim"),
        ("strimzi.users.enabled=true", "kafka.security PLAINTEXT signs nobody in"),
        ("console.ingress.enabled=true", "ingress of console is enabled: give its host"),
        ("console.httpRoute.enabled=true", "httpRoute of console is enabled: name its gateway in parentRefs"),
    ],
)
def test_wrong_value_is_refused_with_a_sentence_that_helps(values, sentence):
    assert sentence in refusal("--set", values)


@pytest.mark.parametrize(
    "values", ["kafka.security=PLAINTEXT", "kafka.security=SSL,kafka.tls.caSecret=ca", "kafka.security=SASL_PLAINTEXT"]
)
def test_a_kafka_to_which_anybody_may_write_is_refused_unless_somebody_writes_that_out(values):
    login = ",kafka.sasl.existingSecret=login"
    assert "write out kafka.insecure: true" in refusal("--set", values + login, trial=False)
    assert rendered("--set", values + login)


def test_default_values_are_what_the_schema_calls_values():
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert values["image"]["tag"] == "", "the chart's appVersion"
