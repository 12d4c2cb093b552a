"""A threshold holds the rate that was asked for, and says when its sample cannot show that."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.calibration import calibrate, pairs
from fairwatch.matching.match_policy import MatchPolicy
from tests.support.face_models import MODELS, needs_models, picture


def test_a_gallery_has_the_rate_that_was_asked_for() -> None:
    rng = np.random.default_rng(3)
    impostors = np.sort(rng.normal(1.3, 0.08, 400_000))
    made = calibrate(impostors, np.array([0.4]), fpir=0.05, gallery=500, people=900, pictures=1800)
    assert not made.extrapolated
    nearest = rng.normal(1.3, 0.08, (4000, 500)).min(1)
    assert float(np.mean(nearest < made.distance)) == pytest.approx(0.05, abs=0.012)


def test_a_rate_that_the_pairs_cannot_show_is_extrapolated_and_said_to_be() -> None:
    rng = np.random.default_rng(4)
    impostors = np.sort(rng.normal(1.3, 0.08, 2000))
    made = calibrate(impostors, np.full(40, 0.5), fpir=0.01, gallery=100_000, people=60, pictures=80)
    assert made.extrapolated
    assert "extrapolated" in made.sentence
    assert 1.3 - 6 * 0.08 < made.distance < 1.3 - 4.5 * 0.08
    assert made.fnir == 0.0


def test_a_larger_gallery_and_a_lower_rate_need_a_nearer_face() -> None:
    impostors = np.sort(np.random.default_rng(5).normal(1.3, 0.08, 5000))
    at = [
        calibrate(impostors, np.array([0.4]), fpir=fpir, gallery=gallery, people=9, pictures=9).distance
        for fpir, gallery in ((0.1, 10), (0.1, 1000), (0.001, 1000))
    ]
    assert at == sorted(at, reverse=True)


def test_few_pictures_are_not_to_be_relied_on() -> None:
    made = calibrate(np.array([0.8, 0.9]), np.array([]), fpir=0.1, gallery=1, people=3, pictures=3)
    assert made.sentence.endswith("do not rely on it")
    assert made.fnir is None
    with pytest.raises(ValueError, match="two pairs"):
        calibrate(np.array([0.8]), np.array([]), fpir=0.1, gallery=1, people=2, pictures=2)


def test_pairs_are_of_the_same_or_of_different_people() -> None:
    different, same = pairs([np.array([0.0, 0.0]), np.array([3.0, 4.0]), np.array([0.0, 1.0])], ["ann", "ben", "ann"])
    assert different.tolist() == pytest.approx([np.sqrt(18), 5.0])
    assert same.tolist() == [1.0]


@needs_models
def test_the_command_says_what_a_folder_of_pictures_is_worth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATCH_MODEL_DIR", str(MODELS))
    for file in sorted((MODELS / "pictures").glob("*.jpg")):
        folder = tmp_path / file.stem.rstrip("0123456789")
        folder.mkdir(exist_ok=True)
        (folder / file.name).write_bytes(picture(file.name))
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "broken.jpg").write_bytes(b"no picture")
    result = CliRunner().invoke(build(["faces"]), ["faces", "calibrate", str(tmp_path), "--gallery", "100"])
    assert result.exit_code == 0, result.output
    assert "do not rely on it" in result.output
    assert "expected_fpir: 0.01" in result.output
    assert "1 pictures give no template" in result.output


def test_matching_yaml_is_read_strictly_and_a_threshold_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "matching.yaml"
    assert MatchPolicy.load(file) == MatchPolicy()
    file.write_text("{plate_threshold: 0.9, plate_policy: strict-1, review_s: 600}")
    assert MatchPolicy.load(file).plate_policy == "strict-1"
    for content, wrong in (
        ("plate_threshold: 0.9", "another plate_threshold needs another plate_policy"),
        ("plate_threshold: 2", "plate_threshold"),
        ("reviev_s: 5", "reviev_s"),
        ("review_s: 5", "review_s"),
        ("mode: MAYBE", "mode"),
    ):
        file.write_text(content)
        with pytest.raises(ConfigurationError, match=wrong):
            MatchPolicy.load(file)
