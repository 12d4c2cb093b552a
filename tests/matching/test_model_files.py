"""The models that `make models` builds are the ones that are used, and come from packages alone."""

import re

from fairwatch.matching.models import FaceConfig
from tests.support.places import ROOT

MODELS = ROOT / "infra" / "models"
BUILD = (MODELS / "build.py").read_text(encoding="utf-8")


def test_the_default_models_are_the_ones_that_are_built() -> None:
    config = FaceConfig()
    for file in (config.detector, config.embedder):
        assert str(file.path) in BUILD
        assert file.sha256 in BUILD


def test_every_package_is_pinned_by_its_hash() -> None:
    lines = [line for line in (MODELS / "requirements.lock").read_text(encoding="utf-8").splitlines() if line]
    packages = [line for line in lines if not line.startswith("#")]
    assert packages
    assert all(re.fullmatch(r"[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", line) for line in packages)


def test_no_address_is_written_down_and_the_restricted_model_is_not_touched() -> None:
    for path in MODELS.iterdir():
        if path.is_file():
            assert "://" not in path.read_text(encoding="utf-8"), path.name
    assert "shape_predictor" not in BUILD
