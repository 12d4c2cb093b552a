"""What others need for the same search, in the same run: FAISS, usearch, and the product of 8-bit numbers alone."""

import importlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

Row = tuple[str, str, str, bool]
TOGETHER, FEW, AT_ONCE = (1, 8, 64), 10, 131_072
CODES = 256  # bytes of a coded row
THREADS = 2


def clocked(work: Callable[[int], Any], times: int) -> np.ndarray:
    """Return seconds of each call."""
    taken = []
    for number in range(times):
        began = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - began)
    return np.array(taken)


@cache
def _codes(count: int) -> np.ndarray:
    return np.ones(CODES * count, np.uint8)


def reading(count: int) -> None:
    """Read as many bytes as the codes of so many rows, with two threads: no search can be quicker."""
    list(_pool().map(np.max, np.array_split(_codes(count), THREADS)))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS)


def others(rows: np.ndarray, probes: np.ndarray, count: int) -> Iterator[Row]:
    """Measure what others need for the ten nearest of these rows [n,d]; their answers are not compared."""
    _codes.cache_clear()
    for name, measure in (("FAISS", _faiss), ("usearch", _usearch)):
        try:
            yield from _told(count, measure(rows, probes))
        except ImportError:
            yield name, "not installed", "", True
    yield from _told(count, _eight_bits(rows, probes))


def _told(count: int, measured: Iterator[tuple[str, int, np.ndarray]]) -> Iterator[Row]:
    for name, together, seconds in measured:
        yield f"faces, {count:,}: {name}, {together} probes", f"{1000 * np.median(seconds):.2f} ms", "", True


def _faiss(rows: np.ndarray, probes: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(THREADS)
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(rows)
    eight = faiss.IndexScalarQuantizer(rows.shape[1], faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    eight.train(rows[:AT_ONCE])
    eight.add(rows)
    refined = faiss.IndexRefineFlat(eight, faiss.swig_ptr(rows))
    refined.k_factor = 10
    for name, index in (("FAISS IndexFlatIP", flat), ("FAISS 8 bits, re-ranked", refined)):
        for together in TOGETHER:
            some = probes[:together]
            yield name, together, clocked(lambda _, index=index, some=some: index.search(some, FEW), _times(together))


def _usearch(rows: np.ndarray, probes: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
    usearch = importlib.import_module("usearch.index")
    for together in TOGETHER[:2]:
        some = probes[:together]

        def search(_: int, some: np.ndarray = some) -> None:
            usearch.search(rows, some, FEW, usearch.MetricKind.IP, exact=True, threads=THREADS)

        yield "usearch exact", together, clocked(search, _times(together))


def _eight_bits(rows: np.ndarray, probes: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
    """The product alone, of rows that onnxruntime packed beforehand: 520 bytes a row beside the others."""
    step = np.abs(rows).max() / 127
    sessions = [_session(np.rint(rows[at : at + AT_ONCE] / step)) for at in range(0, len(rows), AT_ONCE)]
    for together in TOGETHER:
        given = {"a": np.clip(np.rint(probes[:together] / step) + 128, 0, 255).astype(np.uint8)}

        def search(_: int, given: dict[str, np.ndarray] = given) -> None:
            list(_pool().map(lambda each: each.run(None, given), sessions))

        yield "onnxruntime MatMulInteger of 8 bits alone", together, clocked(search, _times(together))


def _session(rows: np.ndarray) -> Any:
    given = [("a", TensorProto.UINT8, ["m", rows.shape[1]])]
    taken = [("y", TensorProto.INT32, ["m", len(rows)])]
    weights = helper.make_tensor("b", TensorProto.INT8, rows.T.shape, rows.T.astype(np.int8).tobytes(), raw=True)
    zero = helper.make_tensor("z", TensorProto.UINT8, [], [128])
    node = helper.make_node("MatMulInteger", ["a", "b", "z"], ["y"])
    inputs, outputs = ([helper.make_tensor_value_info(*each) for each in infos] for infos in (given, taken))
    graph = helper.make_graph([node], "eight", inputs, outputs, [weights, zero])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1
    options.enable_cpu_mem_arena = False
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _times(together: int) -> int:
    return 20 if together == 1 else 6
