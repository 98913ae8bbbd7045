# SPDX-License-Identifier: Apache-2.0
"""A network as an ONNX file of standard integer operators, for other tools to run and to check.

A hidden layer becomes QLinearConv or QLinearMatMul with the scale 2**-shift. Runtimes scale in
float32 there, which is exact while every accumulator is below 2**24. A layer that could reach that,
or that has a multiplier, becomes ConvInteger or MatMulInteger, and its scaling is written out in
int64. So the file computes the model's bits in any runtime that keeps to the standard.
docs/neural-arithmetic.md says which operator stands for what.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evoarray.model.errors import InputError
from evoarray.model.files import write_atomically
from evoarray.model.neuro.arithmetic import LARGEST
from evoarray.model.neuro.network import Conv, Dense, Network, Pool, Shape
from evoarray.model.neuro.tables import FUNCTIONS, table

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, IR_VERSION = 13, 7  # the oldest that have all operators used here
EXACT = 2**24  # float32 holds every integer below


def save_onnx(path: Path, network: Network) -> None:
    """Write a network as an ONNX file. Raises InputError, also where onnx is not installed."""
    write_atomically(path, to_onnx(network).SerializeToString(deterministic=True))


def to_onnx(network: Network) -> ModelProto:
    """Return the ONNX model of a network.

    Its input `images` is (n, channels, height, width) int8 with values -127..127, its output
    `logits` (n, outputs) int32; n is free. Raises InputError where onnx is not installed.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError:
        raise InputError("ONNX files need onnx: pip install 'evoarray[onnx]'") from None
    graph = _Graph()
    value = "images"
    shape = network.input_shape
    for layer, after in zip(network.layers, network.shapes, strict=True):
        if isinstance(layer, Pool):
            value = _pool(graph, value, layer)
        elif layer.activation == "logits":
            value = _sums(graph, value, layer)
        else:
            value = _hidden(graph, value, layer, shape)
        shape = after
    graph.add("Flatten", value, output="logits")
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [
                helper.make_tensor_value_info(
                    "images", TensorProto.INT8, ["n", *network.input_shape]
                )
            ],
            [helper.make_tensor_value_info("logits", TensorProto.INT32, ["n", network.outputs])],
            graph.constants,
        ),
        producer_name="evoarray",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )


class _Graph:
    """Nodes and constants, named in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _hidden(graph: _Graph, value: str, layer: Dense | Conv, shape: Shape) -> str:
    """Add a layer whose input has this shape and whose output is int8 again."""
    low = 0 if layer.activation == "relu" else -LARGEST
    weights = np.abs(layer.weights.astype(np.int64)).reshape(len(layer.bias), -1)
    reach = weights.sum(axis=1) * LARGEST + np.abs(layer.bias.astype(np.int64))
    if layer.multiplier == 1 and reach.max() < EXACT:
        scaled = _quantised(graph, value, layer, shape)
        limits = [graph.constant(np.int8(limit)) for limit in (low, LARGEST)]
        value = graph.add("Clip", scaled, *limits)  # the operators saturate at -128
    else:
        scaled = _scaled(graph, _sums(graph, value, layer), layer)
        limits = [graph.constant(np.int64(limit)) for limit in (low, LARGEST)]
        value = graph.cast(graph.add("Clip", scaled, *limits), np.int8)
    if layer.activation in FUNCTIONS:
        # An index below zero counts from the end: -1 finds entry 255, whose bits are those of -1.
        entries = graph.constant(table(layer.activation))
        value = graph.add("Gather", entries, graph.cast(value, np.int32))
    return value


def _quantised(graph: _Graph, value: str, layer: Dense | Conv, shape: Shape) -> str:
    """Add the sums, scaled and rounded half to even in float32, as int8 maps."""
    unit, zero = graph.constant(np.float32(1)), graph.constant(np.int8(0))
    scale = graph.constant(np.float32(math.ldexp(1, layer.shift)))  # what one step is worth
    if isinstance(layer, Dense) and not layer.bias.any():
        weights = graph.constant(layer.weights.T)
        flat = graph.add("Flatten", value)
        product = graph.add("QLinearMatMul", flat, unit, zero, weights, unit, zero, scale, zero)
        return _as_maps(graph, product)
    # QLinearMatMul has no bias, but a kernel as large as the map is a dense layer, too.
    kernels = layer.weights.reshape(len(layer.bias), *shape) if isinstance(layer, Dense) else None
    weights = graph.constant(layer.weights if kernels is None else kernels)
    inputs = (value, unit, zero, weights, unit, zero, scale, zero, graph.constant(layer.bias))
    return graph.add("QLinearConv", *inputs, **_geometry(layer))


def _sums(graph: _Graph, value: str, layer: Dense | Conv) -> str:
    """Add the accumulators as int32 maps, bias included."""
    if isinstance(layer, Dense):
        weights = graph.constant(layer.weights.T)
        product = graph.add("MatMulInteger", graph.add("Flatten", value), weights)
        return _as_maps(graph, graph.add("Add", product, graph.constant(layer.bias)))
    product = graph.add("ConvInteger", value, graph.constant(layer.weights), **_geometry(layer))
    return graph.add("Add", product, graph.constant(layer.bias[:, np.newaxis, np.newaxis]))


def _scaled(graph: _Graph, sums: str, layer: Dense | Conv) -> str:
    """Add sums * multiplier / 2**shift, rounded half to even, all in int64."""
    one, two = graph.constant(np.int64(1)), graph.constant(np.int64(2))
    factor = graph.constant(np.int64(layer.multiplier))
    divisor = graph.constant(np.int64(2**layer.shift))
    product = graph.add("Mul", graph.cast(sums, np.int64), factor)
    rest = graph.add("Mod", product, divisor)  # never negative, as the divisor is not
    quotient = graph.add("Div", graph.add("Sub", product, rest), divisor)
    double = graph.add("Mul", rest, two)
    odd = graph.add("Equal", graph.add("Mod", quotient, two), one)
    tie_up = graph.add("And", graph.add("Equal", double, divisor), odd)
    up = graph.add("Or", graph.add("Greater", double, divisor), tie_up)
    return graph.add("Add", quotient, graph.cast(up, np.int64))


def _pool(graph: _Graph, value: str, layer: Pool) -> str:
    """Add a pool of int8 maps; an average's sum is exact in float32, and ties occur only in 2x2."""
    window: dict[str, Any] = {"kernel_shape": [layer.size] * 2, "strides": [layer.stride] * 2}
    if layer.kind == "max":
        return graph.add("MaxPool", value, **window)
    average = graph.add("AveragePool", graph.cast(value, np.float32), **window)
    return graph.cast(graph.add("Round", average), np.int8)  # Round takes ties to the even one


def _as_maps(graph: _Graph, value: str) -> str:
    return graph.add("Unsqueeze", value, graph.constant(np.array([2, 3], np.int64)))


def _geometry(layer: Dense | Conv) -> dict[str, Any]:
    if isinstance(layer, Dense):
        return {}
    return {"strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
