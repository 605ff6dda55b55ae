"""Networks in records: the graph computes what the network does, and is kept like any array."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mlblog.errors import RunError
from mlblog.lab import Key, Record, Run, experiment
from mlblog.lab.records.model import MOST_BYTES, Model
from mlblog.lab.records.pack import difference, pack, unpack
from mlblog.lab.records.store import FileStore
from mlblog.lab.running.results import Results
from mlblog.lab.running.run import execute


class Reader(nn.Module):
    """Each place of a row against each of another, with what dropout leaves."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.embed, self.drop, self.turn = nn.Embedding(9, width), nn.Dropout(0.5), nn.Linear(width, width)

    def forward(self, asked: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.turn(self.drop(self.embed(asked))) @ self.embed(given).mT
        free = asked[:, :, None] != given[:, None, :]
        return scores.masked_fill(~free, -torch.inf), scores.softmax(-1).cumsum(1)


EXAMPLE = {"asked": torch.tensor([[0, 1, 2], [3, 4, 5]]), "given": torch.tensor([[1, 2, 3, 8], [4, 5, 6, 7]])}


def carried_out(body: Callable[[Run], None]) -> Record:
    def trial(run: Run, *, seed: int) -> None:
        body(run)

    return execute(experiment(smoke={}, seeds=1)(trial), Key("trial", "smoke", {}, 0), {})


@pytest.fixture(scope="module")
def traced() -> tuple[Record, Reader]:
    pytest.importorskip("onnxscript", reason="the extra mlblog[onnx] is not installed")
    nets = []

    def body(run: Run) -> None:
        net = Reader()
        before = torch.get_rng_state()
        run.save_model(net, EXAMPLE, name="reader", outputs=("scores", "sums"))
        assert net.training
        assert torch.equal(torch.get_rng_state(), before)
        nets.append(net)

    return carried_out(body), nets[0].eval()


def planted(onnx: bytes = b"graph", **inputs: np.ndarray) -> Model:
    return Model("reader", onnx, inputs or {"asked": np.arange(3)}, {"scores": np.ones(2, dtype=np.float32)})


def saving(monkeypatch: pytest.MonkeyPatch, *models: Model) -> Record:
    """The record of a run whose networks are traced as `models`."""
    rest = list(models)
    monkeypatch.setattr("mlblog.lab.running.run.traced", lambda *_: rest.pop(0))
    return carried_out(lambda run: [run.save_model(None, {}, name=model.name) for model in models])  # type: ignore[func-returns-value]


def test_the_graph_computes_what_the_network_does_at_every_length(traced: tuple[Record, Reader]) -> None:
    from onnx import load_from_string
    from onnx.reference import ReferenceEvaluator

    record, net = traced
    model = record.model("reader")
    graph = ReferenceEvaluator(load_from_string(model.onnx))
    for name, found in zip(model.outputs, graph.run(None, dict(model.inputs)), strict=True):
        np.testing.assert_allclose(found, model.outputs[name], atol=1e-5)
    for batch, first, second in [(2, 3, 4), (1, 1, 1), (5, 2, 7)]:
        given = {"asked": torch.randint(9, (batch, first)), "given": torch.randint(9, (batch, second))}
        for found, wanted in zip(graph.run(None, {k: v.numpy() for k, v in given.items()}), net(**given), strict=True):
            np.testing.assert_allclose(found, wanted.detach().numpy(), atol=1e-5)
    assert not np.isfinite(model.outputs["scores"]).all()


def test_the_graph_names_no_file_of_this_machine(traced: tuple[Record, Reader]) -> None:
    text = traced[0].model("reader").onnx
    assert b".py" not in text
    assert Path(__file__).name.encode() not in text
    assert b"turn" in text  # weights have their names


def test_the_example_is_kept_with_what_torch_computed(traced: tuple[Record, Reader]) -> None:
    record, net = traced
    model = record.model("reader")
    assert {name: array.tolist() for name, array in model.inputs.items()} == {
        name: tensor.tolist() for name, tensor in EXAMPLE.items()
    }
    for name, tensor in zip(("scores", "sums"), net(**EXAMPLE), strict=True):
        np.testing.assert_array_equal(model.outputs[name], tensor.detach().numpy())


def test_a_number_of_names_that_is_not_that_of_the_outputs_is_refused() -> None:
    pytest.importorskip("onnxscript", reason="the extra mlblog[onnx] is not installed")
    with pytest.raises(RunError, match="'model' returns 2 tensors and has 1 names for them"):
        carried_out(lambda run: run.save_model(Reader(), EXAMPLE))


def test_a_model_is_kept_in_the_files_of_its_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = saving(monkeypatch, planted(b"\x00graph\xff"))
    store = FileStore(tmp_path / "results", lock=tmp_path / "lock")
    store.put(record)
    pack([record], tmp_path / "pack")
    for found in (store.get(record.key), unpack(tmp_path / "pack")[0]):
        model = found.model("reader")
        assert model.onnx == b"\x00graph\xff"
        assert model.inputs["asked"].tolist() == [0, 1, 2]
        assert model.outputs["scores"].tolist() == [1.0, 1.0]
    changed = saving(monkeypatch, planted(b"\x00graph\xfe"))
    assert difference(record, changed) == "other values: model/reader"


def test_a_resumed_run_keeps_the_model_that_it_saved_first() -> None:
    before, after = Results(), Results()
    before.save_model(planted(b"first"))
    after.load_state_dict(before.state_dict())
    after.save_model(planted(b"second"))
    assert Model.from_arrays("reader", after.all_arrays()).onnx == b"first"
    with pytest.raises(ValueError, match="was already saved"):
        after.save_model(planted(b"third"))


def test_what_is_too_large_or_badly_named_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    saving(monkeypatch, planted(bytes(MOST_BYTES)))
    with pytest.raises(RunError, match=r"'reader' has 2\.3 MB with its weights; records hold models of at most 2 MB"):
        saving(monkeypatch, planted(bytes(2_300_000)))
    with pytest.raises(RunError, match="'a/b' is not a valid name for a model; leave out the slash"):
        saving(monkeypatch, Model("a/b", b"x", {}, {}))
    with pytest.raises(RunError, match="'reader' was already saved"):
        saving(monkeypatch, planted(), planted())
    with pytest.raises(RunError, match="'model/x' is a reserved name"):
        carried_out(lambda run: run.save(**{"model/x": np.ones(2)}))
    with pytest.raises(KeyError, match="no model 'writer'; there are reader"):
        saving(monkeypatch, planted()).model("writer")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RunError, match=r"'model' cannot be saved .* without onnx; .* pip install 'mlblog\[onnx\]'"):
        carried_out(lambda run: run.save_model(Reader(), EXAMPLE))
