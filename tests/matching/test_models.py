"""The models are configuration; what is configured wrongly is said before anything is compared."""

from pathlib import Path

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.models import FaceConfig, ThresholdPolicy, read_model


def test_without_a_file_the_default_is_used(tmp_path: Path) -> None:
    assert FaceConfig.load(tmp_path / "models.yaml") == FaceConfig()


def test_the_template_space_names_the_model_file(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(f"embedder: {{path: a.onnx, sha256: {'ab' * 32}, template_space: mine-v2, dimensions: 192}}\n")
    config = FaceConfig.load(path)
    assert config.template_space == "mine-v2+abababababab"
    assert config.template_space != FaceConfig().template_space


@pytest.mark.parametrize("content", ["detector: {typo: 1}", "threads: none", "embedder: [", "threads: 0"])
def test_an_error_names_the_file_and_the_path(tmp_path: Path, content: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"models\.yaml"):
        FaceConfig.load(path)


def test_a_missing_or_other_model_is_refused(tmp_path: Path) -> None:
    config = FaceConfig().detector
    with pytest.raises(ConfigurationError, match="make models"):
        read_model(config, tmp_path)
    (tmp_path / config.path).write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match="SHA-256"):
        read_model(config, tmp_path)


def test_scores_fall_with_distance_and_are_a_half_at_the_authors_rule() -> None:
    policy = ThresholdPolicy()
    assert policy.score(0.0) == 1.0
    assert policy.score(policy.same_person) == pytest.approx(0.5)
    assert policy.score(9.0) == 0.0
    assert policy.threshold == policy.score(policy.distance) > 0.5
