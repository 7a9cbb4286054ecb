"""all-MiniLM-L6-v2 in the form that the peers load, made of the weights of its package: their own downloads need a hub."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import harness

LAYERS, HEADS, EPSILON, OPSET = 6, 12, 1e-12, 20
BESIDE = ["config.json", "special_tokens_map.json", "tokenizer_config.json", "tokenizer.json", "vocab.txt"]
# What the card of the model says of a text, as in mcp-memory's own tests.
KNOWN = ("This is an example sentence", [0.067657, 0.063496, 0.048713, 0.079305])


def place(folders: list[pathlib.Path]) -> None:
    """Puts the model and its tokenizer into each of the folders, unless it is there."""
    for folder in folders:
        if (folder / "model.onnx").exists():
            continue
        source = pathlib.Path(harness.output([str(harness.ROOT / "scripts" / "minilm")]).strip())
        folder.mkdir(parents=True, exist_ok=True)
        for name in BESIDE:
            shutil.copyfile(source / name, folder / name)
        unfinished = folder / "model.unfinished"
        write(source / "model.safetensors", unfinished)
        unfinished.rename(folder / "model.onnx")


def check(vector, peer: str) -> None:
    """Fails unless this is the vector of the known text: a peer without its model would be measured with noise."""
    text, expected = KNOWN
    if any(abs(float(number) - right) > 1e-4 for number, right in zip(vector, expected)):
        raise harness.Broken(f"{peer} gives `{text}` another vector than the card of all-MiniLM-L6-v2")


def write(weights: pathlib.Path, to: pathlib.Path) -> None:
    import onnx
    import safetensors.numpy

    graph = _Graph(safetensors.numpy.load_file(weights))
    hidden = graph.network()
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["rows", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = onnx.helper.make_tensor_value_info(hidden, onnx.TensorProto.FLOAT, ["rows", "length", 384])
    made = onnx.helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, [output], graph.tensors)
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, to)


class _Graph:
    """The network of BERT (Devlin and others, 2018), operation by operation."""

    def __init__(self, weights) -> None:
        self.weights, self.nodes, self.tensors = weights, [], []

    def network(self) -> str:
        """Adds the network; the name of its last hidden states."""
        x = self.norm(self.embedded(), "embeddings.LayerNorm")
        hidden = self.mask()
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            attended = self.linear(self.attention(x, hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
            x = self.norm(self.add("Add", x, attended), f"{name}.attention.output.LayerNorm")
            inner = self.add("Gelu", self.linear(x, f"{name}.intermediate.dense"))
            x = self.norm(self.add("Add", x, self.linear(inner, f"{name}.output.dense")), f"{name}.output.LayerNorm")
        return x

    def embedded(self) -> str:
        words = self.add("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        types = self.add("Gather", self.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        length = self.add("Shape", "input_ids", start=1, end=2)
        start = self.constant([0], "int64")
        positions = self.add("Slice", self.weight("embeddings.position_embeddings.weight"), start, length, start)
        return self.add("Add", self.add("Add", words, types), positions)

    def mask(self) -> str:
        """What is added to the scores: nothing, or so little that padding is not looked at."""
        seen = self.add("Cast", "attention_mask", to=1)
        unseen = self.add("Sub", self.constant(1, "float32"), seen)
        return self.add("Unsqueeze", self.add("Mul", unseen, self.constant(-1e9, "float32")), self.constant([1, 2], "int64"))

    def attention(self, x: str, mask: str, name: str) -> str:
        size = 384 // HEADS
        heads = self.constant([0, 0, HEADS, size], "int64")
        query, key, value = (self.add("Reshape", self.linear(x, f"{name}.{part}"), heads) for part in ("query", "key", "value"))
        query = self.add("Transpose", query, perm=[0, 2, 1, 3])
        scores = self.add("MatMul", query, self.add("Transpose", key, perm=[0, 2, 3, 1]))
        scores = self.add("Add", self.add("Div", scores, self.constant(size**0.5, "float32")), mask)
        attended = self.add("MatMul", self.add("Softmax", scores, axis=-1), self.add("Transpose", value, perm=[0, 2, 1, 3]))
        return self.add("Reshape", self.add("Transpose", attended, perm=[0, 2, 1, 3]), self.constant([0, 0, 384], "int64"))

    def linear(self, x: str, name: str) -> str:
        # The file has matrices as they are written down, a row for each output.
        product = self.add("MatMul", x, self.constant(self.weights[f"{name}.weight"].T, "float32"))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        return self.add("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), epsilon=EPSILON)

    def weight(self, name: str) -> str:
        return self.constant(self.weights[name], "float32")

    def constant(self, value, kind: str) -> str:
        import numpy
        import onnx

        name = f"constant_{len(self.tensors)}"
        self.tensors.append(onnx.numpy_helper.from_array(numpy.ascontiguousarray(numpy.array(value, dtype=kind)), name))
        return name

    def add(self, operation: str, *inputs: str, **attributes) -> str:
        import onnx

        name = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(operation, list(inputs), [name], **attributes))
        return name
