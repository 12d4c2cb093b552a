"""Every rendered variant is what Kubernetes' own schemas, and those of the custom resources, ask for.

Needs `kubeconform` and, in KUBE_SCHEMAS, folders with a JSON schema a kind (separated as PATH is), one for each version
of Kubernetes.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helm.chart import VARIANTS, needs_helm, rendered

KUBECONFORM = os.environ.get("KUBECONFORM") or shutil.which("kubeconform") or ""
SCHEMAS = os.environ.get("KUBE_SCHEMAS", "")
STRIMZI = "KafkaTopic,KafkaUser"  # their schemas are published in no other form than by their generator


@needs_helm
@pytest.mark.skipif(not (KUBECONFORM and SCHEMAS), reason="no kubeconform binary, or KUBE_SCHEMAS names no schemas")
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_manifests_are_valid(variant):
    for folder in SCHEMAS.split(os.pathsep):
        skip = [] if Path(folder, "kafkauser-kafka-v1beta2.json").exists() else ["-skip", STRIMZI]
        result = subprocess.run(
            [
                KUBECONFORM,
                "-strict",
                "-summary",
                *skip,
                "-schema-location",
                f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
            ],
            input=rendered(*variant),
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{folder}: {result.stdout}"
        assert "Invalid: 0, Errors: 0" in result.stdout
