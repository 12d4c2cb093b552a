"""A model that is cut, swapped or of another shape is named at the start, before any picture is looked at."""

import hashlib
from pathlib import Path

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.detector import Detector
from fairwatch.matching.embedder import Embedder
from fairwatch.matching.models import FaceConfig
from tests.support.face_models import MODELS, needs_models

pytestmark = needs_models
CONFIG = FaceConfig()


def test_a_model_that_is_cut_is_not_the_configured_one_and_none_at_all(tmp_path: Path) -> None:
    whole = (MODELS / CONFIG.detector.path).read_bytes()
    (tmp_path / CONFIG.detector.path).write_bytes(whole[:20_000])
    with pytest.raises(ConfigurationError, match="SHA-256"):
        Detector(CONFIG.detector, tmp_path)
    named = CONFIG.detector.model_copy(update={"sha256": hashlib.sha256(whole[:20_000]).hexdigest()})
    with pytest.raises(ConfigurationError, match="no model that can be loaded"):
        Detector(named, tmp_path)


def test_a_model_that_was_swapped_for_another_is_named_by_its_shape() -> None:
    detector, embedder = CONFIG.detector, CONFIG.embedder
    swapped = detector.model_copy(update={"path": embedder.path, "sha256": embedder.sha256})
    with pytest.raises(ConfigurationError, match="channels"):
        Detector(swapped, MODELS)


@pytest.mark.parametrize(("change", "says"), [({"dimensions": 512}, "512"), ({"side": 112}, "112")])
def test_a_face_model_of_another_shape_than_configured_is_named(change: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Embedder(CONFIG.embedder.model_copy(update=change), MODELS)
