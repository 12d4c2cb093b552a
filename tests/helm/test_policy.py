"""No variant of the chart starts anything that a restricted cluster would refuse, or that knows more than it needs."""

import re

import pytest

from fairwatch.apps.settings import Settings
from fairwatch.edges.edge import options_of
from fairwatch.parts import of_kind
from fairwatch.telemetry import metrics
from tests.helm.chart import VARIANTS, everything, needs_helm, pods, resources

pytestmark = [needs_helm, pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)]
EDGES = [options_of(name) for name in of_kind("gateway")]
KNOWN = {f"FAIRWATCH_{name.upper()}" for known in (Settings, *EDGES) for name in known.model_fields}


def _containers(variant):
    """Return what runs as one of our components, and what runs before it."""
    every = pods(variant).items()
    return [(name, one) for name, pod in every for one in (*pod.get("initContainers", ()), *pod["containers"])]


def test_pods_are_of_the_restricted_profile(variant):
    assert pods(variant)
    for name, pod in pods(variant).items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"], name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name
        assert not any("hostPath" in volume for volume in pod["volumes"]), name
    for name, container in _containers(variant):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }, name


def test_service_account_has_no_token(variant):
    accounts = everything(variant, "ServiceAccount")
    assert [account["automountServiceAccountToken"] for account in accounts] == [False]


def test_images_are_pinned_and_limits_set(variant):
    for name, container in _containers(variant):
        assert re.search(r":\d|@sha256:", container["image"]), name
        assert not container["image"].endswith(":latest"), name
        assert set(container["resources"]["limits"]) >= {"cpu", "memory"}, name


def test_every_variable_is_a_setting_and_set_once(variant):
    for name, container in _containers(variant):
        names = [variable["name"] for variable in container.get("env", ())]
        assert len(names) == len(set(names)), name
        assert {known for known in names if known.startswith("FAIRWATCH_")} <= KNOWN, name


def test_settings_accept_the_environment(variant, monkeypatch, tmp_path):
    for name, container in _containers(variant):
        if container["name"] == "config":
            continue  # it needs no more than Git's credentials
        with monkeypatch.context() as environment:
            for variable in container["env"]:
                value = variable.get("value", "from-elsewhere")
                if value.startswith("/secrets/"):
                    (tmp_path / "secret").write_text("redis://redis:6379/0", encoding="utf-8")
                    value = str(tmp_path / "secret")
                environment.setenv(variable["name"], value)
            settings = Settings()
        assert settings.host == "0.0.0.0", name
        assert (settings.port, settings.health_port) == (8080, 9090), name
        assert settings.config_dir.as_posix() == "/config", name


def test_volumes_and_mounts_agree(variant):
    for name, pod in pods(variant).items():
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        before = [mount["name"] for one in pod.get("initContainers", ()) for mount in one["volumeMounts"]]
        assert {"git", "beside"}.isdisjoint(mounts), "what fetches has no more to say"
        assert set(mounts) | set(before) == {volume["name"] for volume in pod["volumes"]}, name
        for variable in pod["containers"][0]["env"]:
            path = variable.get("value", "").removeprefix("file://")
            if path.startswith(("/secrets/", "/config", "/media")):
                assert any(path == at or path.startswith(f"{at}/") for at in mounts.values()) or name.startswith(
                    "Job/"
                ), (name, variable)


def test_secrets_are_never_literal(variant):
    for name, container in _containers(variant):
        for variable in container.get("env", ()):
            if re.search(r"PASSWORD|NONCE_SECRET", variable["name"]):
                assert variable["name"].endswith("_FILE") or "valueFrom" in variable, name


def test_every_pod_is_denied_by_default_and_opened_by_one_policy(variant):
    policies = resources(variant, "NetworkPolicy")
    deny = policies.pop("network")["spec"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny
    assert "egress" not in deny
    deployments = set(resources(variant, "Deployment"))
    assert set(policies) >= deployments
    for name, deployment in resources(variant, "Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert policies[name]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        assert deny["podSelector"]["matchLabels"].items() <= labels.items()


def test_rules_use_metrics_that_exist(variant):
    known = {sample.name for family in metrics.REGISTRY.collect() for sample in family.samples}
    known |= {family.name for family in metrics.REGISTRY.collect()}
    known |= {f"{family.name}_bucket" for family in metrics.REGISTRY.collect() if family.type == "histogram"}
    known |= {f"{family.name}_total" for family in metrics.REGISTRY.collect() if family.type == "counter"}
    for rule in [
        rule for found in everything(variant, "PrometheusRule") for rule in found["spec"]["groups"][0]["rules"]
    ]:
        assert set(re.findall(r"fairwatch_\w+", rule["expr"])) <= known, rule["alert"]
