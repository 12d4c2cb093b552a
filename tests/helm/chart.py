"""Renders the chart with a real helm; everything that needs one is skipped without."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "fairwatch"
HELM = os.environ.get("HELM") or shutil.which("helm") or ""
needs_helm = pytest.mark.skipif(not HELM, reason="no helm binary: put one on PATH, or name it in HELM")

INSECURE = ("--set", "kafka.insecure=true")  # tests of other things need no secrets for Kafka

VARIANTS: dict[str, tuple[str, ...]] = {
    "default": (),
    "keda": ("--api-versions", "keda.sh/v1alpha1"),
    "small-site": ("-f", str(CHART / "values-small-site.yaml")),
    "everything": ("--api-versions", "keda.sh/v1alpha1", "-f", str(Path(__file__).with_name("everything.yaml"))),
    "git": (
        "--set", "config.git.repository=https://git.example.org/sites.git,config.git.ref=v7,config.git.path=harbour",
        "--set", "config.git.existingSecret=git,config.existingSecret=people,tests.probe.eventType=tamper.other",
    ),
    "chains": (
        "--api-versions", "keda.sh/v1alpha1", "-f", str(Path(__file__).with_name("everything.yaml")),
        "--set", "chains.pipeline.enabled=true",
    ),
    "shards": (
        "--api-versions", "keda.sh/v1alpha1", "-f", str(Path(__file__).with_name("everything.yaml")),
        "--set", "galleryShards=2",
    ),
    "mutual-tls": (
        "--api-versions", "keda.sh/v1alpha1",
        "--set", "kafka.security=SSL,kafka.tls.caSecret=ca,kafka.tls.clientSecret=client,redis.existingSecret=redis",
    ),
}  # fmt: skip


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm and return what it said."""
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False)


@cache
def rendered(*arguments: str) -> str:
    """Return the manifests of a release named `hub`."""
    result = helm("template", "hub", str(CHART), "--namespace", "site", *INSECURE, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@cache
def _documents(arguments: tuple[str, ...]) -> tuple[Any, ...]:
    found = yaml.load_all(rendered(*arguments), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(document for document in found if document)


def resources(arguments: tuple[str, ...], kind: str) -> dict[str, Any]:
    """Return the resources of a kind by the component they belong to; of several only the last."""
    return {
        document["metadata"]["labels"]["app.kubernetes.io/component"]: document
        for document in _documents(arguments)
        if document["kind"] == kind
    }


def everything(arguments: tuple[str, ...], kind: str) -> list[Any]:
    """Return all resources of a kind."""
    return [document for document in _documents(arguments) if document["kind"] == kind]


def pods(arguments: tuple[str, ...]) -> dict[str, Any]:
    """Return the specification of every pod that is started, hooks and tests included, by kind and name."""
    found = {}
    for document in _documents(arguments):
        spec = (
            document["spec"] if document["kind"] == "Pod" else document.get("spec", {}).get("template", {}).get("spec")
        )
        if spec:
            found[f"{document['kind']}/{document['metadata']['name']}"] = spec
    return found


def refusal(*arguments: str, trial: bool = True) -> str:
    """Return why helm refuses these values; on `trial` Kafka need not be safe."""
    result = helm("template", "hub", str(CHART), *(INSECURE if trial else ()), *arguments)
    assert result.returncode != 0, "it was accepted"
    return result.stderr


def allowed(user: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    """Return name and operation of each right that a KafkaUser has on resources of a kind."""
    return {
        (acl["resource"]["name"], operation)
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
        if acl["resource"]["type"] == kind
    }
