"""The real face models and pictures, where `make models` has built them; otherwise the tests skip and say so."""

from functools import lru_cache

import pytest

from fairwatch.matching.faces import FaceReader
from fairwatch.matching.models import FaceConfig
from tests.support.places import ROOT

MODELS = ROOT / ".models"
needs_models = pytest.mark.skipif(not (MODELS / "centerface.onnx").exists(), reason="no face models: run `make models`")


@lru_cache
def face_reader() -> FaceReader:
    """Return the models, loaded once for all tests."""
    return FaceReader(FaceConfig(), MODELS)


def picture(name: str) -> bytes:
    """Return one of the pictures that come with the models."""
    return (MODELS / "pictures" / name).read_bytes()
