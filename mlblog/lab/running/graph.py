"""A network as an ONNX graph, which a page can run."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from mlblog.lab.records.model import Model


def traced(name: str, net: Any, example: Mapping[str, Any], outputs: Sequence[str]) -> Model:
    """Trace `net`, a `torch.nn.Module`, on the CPU and in evaluation mode; `net` itself stays as it is.

    Axes may have other lengths than in the example where the network allows it, but for axes of length 1.

    Args:
        name: of the model.
        net: returns a tensor, or a tuple of them.
        example: tensors by the names of the arguments of `net.forward`.
        outputs: a name for each tensor that it returns.

    Raises:
        ValueError: onnx or onnxscript is not installed, or the network cannot be traced.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch.onnx needs it
    except ImportError as error:
        raise ValueError(
            f"cannot be saved as a model without {error.name}; install what that needs: pip install 'mlblog[onnx]'."
            " A run with a checkpoint then goes on from it"
        ) from error
    import torch

    net = copy.deepcopy(net).cpu().eval()
    inputs = {key: tensor.detach().cpu() for key, tensor in example.items()}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of its exporter
        computed = net(**inputs)
        tensors = [computed] if isinstance(computed, torch.Tensor) else list(computed)
        if len(tensors) != len(outputs):
            raise ValueError(f"returns {len(tensors)} tensors and has {len(outputs)} names for them; set outputs=(…)")
        axes = {key: dict.fromkeys(range(tensor.ndim), torch.export.Dim.AUTO) for key, tensor in inputs.items()}
        try:
            program: Any = torch.onnx.export(
                net, kwargs=inputs, dynamo=True, dynamic_shapes=axes, output_names=list(outputs), verbose=False
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise ValueError(f"cannot be saved as a model: {error}") from error
    proto = program.model_proto
    _strip(proto)
    onnx.checker.check_model(proto)
    return Model(
        name,
        proto.SerializeToString(deterministic=True),
        {key: tensor.numpy() for key, tensor in inputs.items()},
        {key: tensor.numpy() for key, tensor in zip(outputs, tensors, strict=True)},
    )


def _strip(proto: Any) -> None:
    """Leave out where each operation was written: paths and lines of this machine's files, a third of the bytes."""
    graph = proto.graph
    del graph.value_info[:]
    for one in (proto, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        one.doc_string = ""
        del one.metadata_props[:]
