"""A part of a gallery that is searched by one matrix product of coded numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import Codes, Floats, decode, encode, on_grid, width

ROUNDING = 1e-5  # of the lengths involved: a hundred times what single precision can be off
TRIED = 64  # rows with which each shard is checked when it is made
_DOMAIN = "com.microsoft"


class Shard:
    """Rows that do not change any more. `bounds` lets go of the interpreter lock while it multiplies.

    Args:
        rows: float32 [n,d].
    """

    def __init__(self, rows: Floats) -> None:
        self.rows = rows
        codes = encode(rows)
        self._remainder, self._half_square, self._longest = codes.remainder, codes.half_square, codes.longest
        self._session = _session(codes, rows.shape[1])
        self.coded = self._computes(codes)

    def bounds(self, probes: Floats) -> Floats:
        """Return what x·q - |x|²/2 is at most, float32 [m,n], of probes [m,d]."""
        slack = ROUNDING * self._longest * (_lengths(probes) + self._longest)
        if not self.coded:
            bounds: Floats = probes @ self.rows.T
            bounds += slack[:, None].astype(np.float32) - self._half_square
            return bounds
        gridded, lost = on_grid(probes)
        slack += lost * self._longest
        bounds = self._session.run(None, {"probes": gridded})[0]
        beyond = np.empty_like(self._remainder)
        for row, length, more in zip(bounds, _lengths(gridded), slack, strict=True):
            np.multiply(self._remainder, np.float32(length), out=beyond)
            beyond -= self._half_square
            beyond += np.float32(more)
            np.add(row, beyond, out=row)
        return bounds

    def _computes(self, codes: Codes) -> bool:
        """Tell whether this processor's product is exact; else every row is compared in single precision."""
        sample = np.linspace(0, len(self.rows) - 1, min(TRIED, len(self.rows))).astype(np.intp)
        probes, _ = on_grid(self.rows[sample[:2]])
        found = self._session.run(None, {"probes": probes})[0][:, sample]
        off = np.abs(found - probes.astype(np.float64) @ decode(codes, sample).T)
        reach = _lengths(probes)[:, None]
        return bool((off <= ROUNDING * reach * self._longest).all())


def _lengths(rows: Floats) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    return lengths


def _session(codes: Codes, dimensions: int) -> Any:
    """Return what multiplies probes [m, filled] with coded rows: one thread, since shards share the cores."""
    import onnxruntime  # noqa: PLC0415  see detector.session

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(_graph(codes, dimensions), options, providers=["CPUExecutionProvider"])


def _graph(codes: Codes, dimensions: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415  only where faces are compared

    filled, block = width(dimensions)
    rows = len(codes.packed)
    product = helper.make_node(
        "MatMulNBits",
        ["probes", "codes", "scales"],
        ["products"],
        domain=_DOMAIN,
        K=filled,
        N=rows,
        bits=4,
        block_size=block,
        accuracy_level=4,  # the probe in 8 bits: it lies on that grid already
    )
    graph = helper.make_graph(
        [product],
        "gallery",
        [helper.make_tensor_value_info("probes", TensorProto.FLOAT, ["m", filled])],
        [helper.make_tensor_value_info("products", TensorProto.FLOAT, ["m", rows])],
        [numpy_helper.from_array(codes.packed, "codes"), numpy_helper.from_array(codes.scales, "scales")],
    )
    versions = [helper.make_opsetid("", 21), helper.make_opsetid(_DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=10)
    return bytes(model.SerializeToString())
