"""Steps of the drummer's two networks in ONNX Runtime, on one core, whenever a line comes in: the
other half of `cargo bench -p groove --bench step`, which starts it.

The first file that is named is a model, the second holds the rows that the networks are told, one
after the other. The model is exported to ONNX as one graph with all its outputs. The first line out
is the version, and what the first step comes to; every other line, the seconds that a step took.
"""

import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def read(path):
    """The tensors of a safetensors file, as 32-bit floats."""
    import json

    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    types = {"F16": np.float16, "F32": np.float32}
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in about["data_offsets"])
            numbers = np.frombuffer(data[begin:end], types[about["dtype"]])
            tensors[name] = numbers.reshape(about["shape"]).astype(np.float32)
    return tensors


def gates(tensor):
    """From PyTorch's order of the gates, i f g o, to ONNX's, i o f g."""
    i, f, g, o = np.split(tensor, 4)
    return np.concatenate([i, o, f, g])


class Graph:
    def __init__(self, tensors):
        self.tensors = tensors
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def weight(self, name, numbers):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def port(self, ports, name, shape):
        ports.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def stack(self, name):
        """An LSTM of any number of layers: from its row to the output of the top layer."""
        t = self.tensors
        layer, below = 0, None
        while f"{name}.weight_ih_l{layer}" in t:
            part = lambda part: t[f"{name}.{part}_l{layer}"]
            width, cells = part("weight_ih").shape[1], part("weight_hh").shape[1]
            at = f"{name}{layer}"
            below = below or self.port(self.inputs, f"{name}.row", [1, 1, width])
            bias = np.concatenate([gates(part("bias_ih")), gates(part("bias_hh"))])
            state = [self.port(self.inputs, f"{at}.{it}", [1, 1, cells]) for it in "hc"]
            after = [self.port(self.outputs, f"{at}.{it}.next", [1, 1, cells]) for it in "hc"]
            weights = [
                self.weight(f"{at}.W", gates(part("weight_ih"))[None]),
                self.weight(f"{at}.R", gates(part("weight_hh"))[None]),
                self.weight(f"{at}.B", bias[None]),
            ]
            self.nodes.append(
                helper.make_node(
                    "LSTM", [below, *weights, "", *state], ["", *after], hidden_size=cells
                )
            )
            below, layer = after[0], layer + 1
        flat = f"{name}.flat"
        shape = self.weight(f"{name}.shape", np.array([1, cells], np.int64))
        self.nodes.append(helper.make_node("Reshape", [below, shape], [flat]))
        return flat

    def linear(self, name, below):
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        inputs = [below, self.weight(f"{name}.W", weight), self.weight(f"{name}.B", bias)]
        out = self.port(self.outputs, f"{name}.y", [1, len(bias)])
        self.nodes.append(helper.make_node("Gemm", inputs, [out], transB=1))

    def session(self):
        graph = helper.make_graph(self.nodes, "step", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )


def bind(session, values):
    """All inputs and outputs where they stay, so that a step copies nothing from Python."""
    binding = session.io_binding()
    for port in session.get_inputs():
        numbers = values.get(port.name, np.zeros(port.shape, np.float32)).reshape(port.shape)
        binding.bind_ortvalue_input(port.name, onnxruntime.OrtValue.ortvalue_from_numpy(numbers))
    outputs = {}
    for port in session.get_outputs():
        zeros = np.zeros(port.shape, np.float32)
        outputs[port.name] = onnxruntime.OrtValue.ortvalue_from_numpy(zeros)
        binding.bind_ortvalue_output(port.name, outputs[port.name])
    return binding, outputs


def seconds(session, binding, steps):
    start = time.perf_counter()
    for _ in range(steps):
        session.run_with_iobinding(binding)
    return (time.perf_counter() - start) / steps


def main():
    path, rows, steps = sys.argv[1:]
    graph = Graph(read(path))
    top = graph.stack("beat")
    graph.linear("beat.out", top)
    if "memory.weight" in graph.tensors:
        graph.linear("memory", top)
    graph.linear("feel.out", graph.stack("feel"))
    session = graph.session()
    widths = {port.name: port.shape[-1] for port in session.get_inputs()}
    told = np.fromfile(rows, "<f4")
    first = widths["beat.row"]
    binding, outputs = bind(session, {"beat.row": told[:first], "feel.row": told[first:]})
    # The call itself, which Python makes dear, is not counted against it.
    nothing = Graph({"it.weight": np.zeros((1, 1), np.float32), "it.bias": np.zeros(1, np.float32)})
    nothing.linear("it", nothing.port(nothing.inputs, "x", [1, 1]))
    call = nothing.session()
    called, _ = bind(call, {})
    session.run_with_iobinding(binding)
    logits = outputs["beat.out.y"].numpy()[0].astype(np.float64)
    logit = logits[0] - logits.max() - np.log(np.exp(logits - logits.max()).sum())
    version = f"ONNX Runtime {onnxruntime.__version__}"
    print(version, logit, outputs["feel.out.y"].numpy()[0, 0], sep="\t", flush=True)
    for _ in sys.stdin:
        own = seconds(call, called, int(steps))
        print(seconds(session, binding, int(steps)) - own, flush=True)


main()
