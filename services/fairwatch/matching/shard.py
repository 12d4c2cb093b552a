"""A part of a gallery that is searched by one matrix product of coded numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import Codes, Floats, decode, encode, on_grid, width
from fairwatch.matching.lent import Lent
from fairwatch.matching.reach import Coded, Margins, Mask
from fairwatch.matching.readied import Readied, lengths

ROUNDING = 1e-5  # of the lengths involved: a hundred times what single precision can be off
TRIED = 64  # rows with which each shard is checked when it is made
_DOMAIN = "com.microsoft"


class Shard:
    """Rows that do not change any more. `reach` lets go of the interpreter lock while it multiplies.

    Args:
        rows: float32 [n,d].
        threads: That multiply.
    """

    def __init__(self, rows: Floats, threads: int = 1) -> None:
        self.rows = rows
        codes = encode(rows)
        self._longest = codes.longest
        self._lent = Lent({"codes": codes.packed, "scales": codes.scales})
        self._session = _session(self._lent, codes, rows.shape[1], threads)
        self._lent.release()  # onnxruntime has packed them its own way; where it has not, the check fails
        self.coded = self._computes(codes)
        if not self.coded:
            self._lent.fill()
            self.coded = self._computes(codes)
        self._lent.forget()
        remainder = codes.remainder if self.coded else np.zeros_like(codes.remainder)
        self._margins = Margins(remainder, codes.half_square)

    def reach(self, probes: Readied, mask: Mask) -> Coded:
        """Return what x·q - |x|²/2 is at most, of some probes and the rows of a mask [n]."""
        slack = ROUNDING * self._longest * (probes.lengths + self._longest)
        if not self.coded:
            return Coded(probes.values @ self.rows.T, self._margins, np.zeros(len(slack)), slack, mask)
        slack += probes.lost * self._longest
        products = self._session.run(None, {"probes": probes.gridded})[0]
        return Coded(products, self._margins, probes.reach, slack, mask)

    def _computes(self, codes: Codes) -> bool:
        """Tell whether this processor's product is exact; else every row is compared in single precision."""
        sample = np.linspace(0, len(self.rows) - 1, min(TRIED, len(self.rows))).astype(np.intp)
        probes, _ = on_grid(self.rows[sample[:2]])
        found = self._session.run(None, {"probes": probes})[0][:, sample]
        off = np.abs(found - probes.astype(np.float64) @ decode(codes, sample).T)
        reach = lengths(probes)[:, None]
        return bool((off <= ROUNDING * reach * self._longest).all())


def _session(lent: Lent, codes: Codes, dimensions: int, threads: int) -> Any:
    """Return what multiplies probes [m, filled] with coded rows."""
    import onnxruntime  # noqa: PLC0415  see detector.session

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # there is one node
    options.enable_cpu_mem_arena = False  # an arena keeps the products of the largest batch there ever was, per shard
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_external_initializers(list(lent.values), list(lent.values.values()))
    return onnxruntime.InferenceSession(_graph(codes, dimensions), options, providers=["CPUExecutionProvider"])


def _graph(codes: Codes, dimensions: int) -> bytes:
    from onnx import TensorProto, helper  # noqa: PLC0415  only where faces are compared

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
        [_elsewhere("codes", codes.packed, TensorProto.UINT8), _elsewhere("scales", codes.scales, TensorProto.FLOAT)],
    )
    versions = [helper.make_opsetid("", 21), helper.make_opsetid(_DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=10)
    return bytes(model.SerializeToString())


def _elsewhere(name: str, values: NDArray[Any], kind: int) -> Any:
    """Return a tensor whose numbers are not in the model but lent to it: a copy in there would stay for ever."""
    from onnx import TensorProto  # noqa: PLC0415  only where faces are compared

    tensor = TensorProto(name=name, data_type=kind, dims=values.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "lent"), ("offset", "0"), ("length", str(values.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor
