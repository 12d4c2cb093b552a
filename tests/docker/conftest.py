"""Fixtures of the image: infra/docker as modules, and the image file that `make image` wrote."""

import sys
import tarfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def infra() -> Iterator[dict[str, ModuleType]]:
    """Give the modules of infra/docker by name."""
    folder = str(ROOT / "infra/docker")
    sys.path.insert(0, folder)
    try:
        yield {name: import_module(name) for name in ("archive", "lock", "sbom", "build")}
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="session")
def image(infra: dict[str, ModuleType]) -> Path:
    """Give the image file; `make image` writes it."""
    found = sorted(infra["build"].CACHE.glob("fairwatch-*.tar"))
    if not found:
        pytest.skip("no image was built here: make image")
    return found[0]


@pytest.fixture(scope="session")
def rootfs(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file system of the image."""
    root = tmp_path_factory.mktemp("image")
    with tarfile.open(image) as whole:
        for name in [name for name in whole.getnames() if name.endswith(".tar")]:
            with whole.extractfile(name) as content, tarfile.open(fileobj=content) as layer:  # type: ignore[union-attr]
                layer.extractall(root, filter="fully_trusted")
    return root
