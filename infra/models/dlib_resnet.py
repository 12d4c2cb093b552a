"""Builds the ONNX graph of dlib's 29-layer face network from its weights (CC0)."""

from collections.abc import Iterator

import numpy as np
import onnx
from dlib_weights import Layer, layers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MEAN_RGB = (122.782, 117.001, 104.298)
FIRST_FEATURE_SIZE = 35  # of a 150-pixel input, after the first convolution and pooling
# Channels of each group of residual blocks, and which of its blocks halve the picture.
GROUPS = ((32, (0, 0, 0)), (64, (1, 0, 0, 0)), (128, (1, 0, 0)), (256, (1, 0, 0)), (256, (1,)))


class Graph:
    """Nodes and constants, named in the order of their making so that the file is always the same."""

    def __init__(self, weights: Iterator[Layer]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._weights = weights

    def constant(self, value: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """Add a node and return the name of its output."""
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def take(self, kind: str) -> NDArray[np.float32]:
        """Return the next layer's weights; ValueError when it is of another kind."""
        layer = next(self._weights)
        if layer.kind != kind:
            raise ValueError(f"found layer {layer.kind}, expected {kind}: not the expected .dat file")
        return layer.weights

    def convolution(self, x: str, inputs: int, outputs: int, kernel: int, *, stride: int, padding: int) -> str:
        """Add a convolution with its affine layer (a frozen batch normalisation) folded in."""
        raw, affine = self.take("con_4"), self.take("affine_")
        count = outputs * inputs * kernel * kernel
        weight = raw[:count].reshape(outputs, inputs, kernel, kernel)
        bias = raw[count:] if raw.size > count else np.zeros(outputs, np.float32)
        gain, shift = affine[:outputs], affine[outputs:]
        return self.node(
            "Conv",
            x,
            self.constant(weight * gain[:, None, None, None]),
            self.constant(bias * gain + shift),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def pad(self, x: str, *, channels: int, pixels: int) -> str:
        """Add zeros after the last channel, row and column, as dlib does where it adds tensors of different sizes."""
        if not channels and not pixels:
            return x
        return self.node("Pad", x, self.constant(np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)))

    def block(self, x: str, inputs: int, outputs: int, size: int, *, halve: bool) -> tuple[str, int]:
        """Add a residual block and return its output with the side of its feature map."""
        stride, padding = (2, 0) if halve else (1, 1)
        y = self.node("Relu", self.convolution(x, inputs, outputs, 3, stride=stride, padding=padding))
        y = self.convolution(y, outputs, outputs, 3, stride=1, padding=1)
        if halve:
            convolved, pooled = (size - 3) // 2 + 1, (size - 2) // 2 + 1
            size = max(convolved, pooled)
            x = self.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            x = self.pad(x, channels=outputs - inputs, pixels=size - pooled)
            y = self.pad(y, channels=0, pixels=size - convolved)
        return self.node("Relu", self.node("Add", y, x)), size


def build(content: bytes) -> onnx.ModelProto:
    """Return the model: `rgb` float32 [N,3,150,150] in 0..255 to `template` float32 [N,128], not normalised."""
    graph = Graph(layers(content))
    x = graph.node("Sub", "rgb", graph.constant(np.array(MEAN_RGB, np.float32).reshape(1, 3, 1, 1)))
    x = graph.node("Mul", x, graph.constant(np.array(1 / 256, np.float32)))
    x = graph.node("Relu", graph.convolution(x, 3, 32, 7, stride=2, padding=0))
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    channels, size = 32, FIRST_FEATURE_SIZE
    for outputs, blocks in GROUPS:
        for halve in blocks:
            x, size = graph.block(x, channels, outputs, size, halve=bool(halve))
            channels = outputs
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x), axis=1)
    graph.node("MatMul", x, graph.constant(graph.take("fc_2").reshape(256, 128)), output="template")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dlib_resnet_face_128",
            [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, ["N", 3, 150, 150])],
            [helper.make_tensor_value_info("template", TensorProto.FLOAT, ["N", 128])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model
