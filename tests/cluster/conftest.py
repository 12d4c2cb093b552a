"""The cluster with a platform in it, and a site with the chart; everything is skipped unless `make test-helm` asks."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.kube import CACHE, HERE, PLATFORM, ROOT, Cameras, Site, kubectl, run

ASKED = bool(os.environ.get("FAIRWATCH_CLUSTER"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the time that a cluster needs, or leave it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))
            if not ASKED:
                item.add_marker(pytest.mark.skip(reason="a real cluster: make test-helm"))


@pytest.fixture(scope="session")
def numbers() -> Iterator[Callable[..., None]]:
    """Give a function that keeps measured numbers; they are printed and written at the end."""
    kept: dict[str, Any] = {}
    yield lambda **more: kept.update(more)
    path = CACHE / "test-helm.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"\n{path}\n{path.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """Start the cluster with Kafka, Redis, KEDA and a control room; everything goes again at the end."""
    scripts = ROOT / "infra/cluster"
    run(scripts / "down.sh")
    run(scripts / "up.sh")
    try:
        images = [*sorted((CACHE / "neighbours").glob("*.tar")), CACHE / "image/fairwatch-0.1.0.tar"]
        run(scripts / "load-image.sh", *images)
        run(scripts / "tag-image.sh", "fairwatch:0.1.0", "fairwatch:0.1.1")
        run(scripts / "add.sh", "keda")
        kubectl("create", "namespace", PLATFORM)
        kubectl("-n", PLATFORM, "create", "configmap", "receiver", f"--from-file={HERE / 'receiver.py'}")
        kubectl("apply", "-f", str(HERE / "platform.yaml"))
        kubectl("-n", PLATFORM, "wait", "--for=condition=Available", "deploy", "--all", "--timeout=120s")
        yield
    finally:
        if not os.environ.get("FAIRWATCH_KEEP"):
            run(scripts / "down.sh")


@pytest.fixture(scope="session")
def cameras() -> Cameras:
    """Give cameras that the site knows."""
    return Cameras(150)


@pytest.fixture(scope="session")
def site(
    cluster: None, cameras: Cameras, numbers: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """Install the chart, and return when it is ready."""
    site = Site("site", HERE / "values.yaml")
    bindings = tmp_path_factory.mktemp("site") / "devices.yaml"
    bindings.write_text(cameras.bindings(), encoding="utf-8")
    site.set_file("config.files.devices\\.yaml", bindings)
    site.make_namespace()
    numbers(install_s=round(site.helm("install"), 1))
    return site
