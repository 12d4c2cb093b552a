"""Turns an aligned face into a template."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.detector import session
from fairwatch.matching.models import EmbedderConfig


class Embedder:
    """A loaded face model; calls may come from several threads."""

    def __init__(self, config: EmbedderConfig, folder: Path, threads: int = 1) -> None:
        self._config = config
        self._session = session(config, folder, threads)
        first = self._session.get_inputs()[0]
        self._input, wanted = first.name, [3, config.side, config.side]
        if any(isinstance(side, int) and side != ours for side, ours in zip(first.shape[1:], wanted, strict=True)):
            raise ConfigurationError(f"{config.path} takes {first.shape[1:]}, configured is {wanted}")
        dimensions = self._session.get_outputs()[0].shape[-1]
        if dimensions != config.dimensions:
            raise ConfigurationError(f"{config.path} gives {dimensions} numbers, configured is {config.dimensions}")

    def embed(self, aligned: Image.Image) -> NDArray[np.float32]:
        """Return the template, float32 [dimensions], of an aligned RGB face of the configured side."""
        pixels = (np.asarray(aligned, np.float32) - self._config.mean) / self._config.scale
        template: NDArray[np.float32] = self._session.run(None, {self._input: pixels.transpose(2, 0, 1)[None]})[0][0]
        return template
