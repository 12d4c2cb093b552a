"""Numbers that are lent to onnxruntime, and taken out of memory again when it has made its own copy of them."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Lent:
    """Arrays in memory of the operating system's, at addresses that stay valid as long as this lives.

    onnxruntime packs the numbers of a product its own way and never looks at the given ones again. It offers no way to
    say so, so the pages behind the addresses are given back: whoever reads them after all reads noughts, and the check
    of the shard notices.

    Args:
        arrays: By the names that the model has for them.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        import onnxruntime  # noqa: PLC0415  only where faces are compared

        self._arrays: dict[str, NDArray[Any]] | None = arrays
        self._maps = {
            name: mmap.mmap(-1, max(1, array.nbytes), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            for name, array in arrays.items()
        }
        self._views = {
            name: np.frombuffer(self._maps[name], array.dtype, array.size).reshape(array.shape)
            for name, array in arrays.items()
        }
        self.values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(view) for name, view in self._views.items()}
        self.fill()

    def fill(self) -> None:
        """Put the numbers there, again where they were released."""
        for name, array in (self._arrays or {}).items():
            self._views[name][...] = array

    def release(self) -> None:
        """Give the memory back; the addresses stay valid. Not every operating system can."""
        if advice := getattr(mmap, "MADV_DONTNEED", None):
            for each in self._maps.values():
                each.madvise(advice)

    def forget(self) -> None:
        """Let go of the arrays: `fill` puts nothing there any more."""
        self._arrays = None
