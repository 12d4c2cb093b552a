"""Frees the CenterFace detector (MIT) from the one picture size that its file is made for."""

import onnx


def build(content: bytes) -> onnx.ModelProto:
    """Return the model with input float32 [N,3,H,W]: RGB 0..255, H and W multiples of 32; four outputs at stride 4."""
    model = onnx.load_model_from_string(content)
    graph = model.graph
    # Weights that are listed as inputs could be replaced by a caller, so the runtime would not fold them.
    weights = {weight.name for weight in graph.initializer}
    pictures = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(pictures)
    for value, (height, width) in [(graph.input[0], ("H", "W")), *((output, ("h", "w")) for output in graph.output)]:
        dimensions = value.type.tensor_type.shape.dim
        for position, name in ((0, "N"), (2, height), (3, width)):
            dimensions[position].dim_param = name
    del graph.value_info[:]  # shapes of the fixed size
    onnx.checker.check_model(model)
    return model
