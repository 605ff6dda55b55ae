"""Averaged gradients against one process with the whole batch, and against PyTorch's own, over real processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from mlblog.training.reducer import TinyDDP, in_buckets

RANKS, EXAMPLES, STEPS = 3, 12, 4
SMALL = 200  # bytes: several buckets
PATIENCE = timedelta(seconds=120)  # a rank that waits for one that failed


def net(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(11)
    return torch.randn(EXAMPLES, 5, dtype=torch.float64), torch.randn(EXAMPLES, 2, dtype=torch.float64)


def train(model: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    """Parameters after a few steps on the same examples."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(STEPS):
        optimizer.zero_grad()
        (model(x) - y).square().sum(dim=1).mean().backward()
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


def gradients(model: nn.Module, loss: Tensor) -> list[Tensor]:
    loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


def accumulated(model: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    """Gradients of a batch in two parts, the first without synchronisation."""
    with model.no_sync():
        (model(x[:1]) - y[:1]).square().sum().backward()
    apart = [parameter.grad.clone() for parameter in model.parameters()]
    return [*gradients(model, (model(x[1:]) - y[1:]).square().sum()), *apart]


def work(rank: int, folder: str) -> None:
    """What each process does; it saves what it found."""
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=RANKS, timeout=PATIENCE)
    x, y = batch()
    mine = slice(rank * EXAMPLES // RANKS, (rank + 1) * EXAMPLES // RANKS)
    uneven = [slice(0, 7), slice(7, 11), slice(11, 12)][rank]

    def squared(model: nn.Module, part: slice) -> Tensor:
        return (model(x[part]) - y[part]).square().sum(dim=1)

    wrapped = TinyDDP(net(seed=rank), bucket_bytes=SMALL)  # ranks begin differently; rank 0's copy counts
    found = {"started": [p.detach().clone() for p in wrapped.parameters()], "ours": train(wrapped, x[mine], y[mine])}
    found["theirs"] = train(nn.parallel.DistributedDataParallel(net(seed=rank)), x[mine], y[mine])
    model = TinyDDP(net(seed=0))
    found["uneven"] = gradients(model, squared(model, uneven).mean())
    model = TinyDDP(net(seed=0))
    found["weighted"] = gradients(model, squared(model, uneven).sum() * RANKS / EXAMPLES)

    found["summed"] = accumulated(TinyDDP(net(seed=0), bucket_bytes=SMALL), x[mine], y[mine])
    found["summed by theirs"] = accumulated(nn.parallel.DistributedDataParallel(net(seed=0)), x[mine], y[mine])
    model = TinyDDP(net(seed=0).float().bfloat16(), bucket_bytes=SMALL)  # means of 2e38: their sum would overflow
    found["large"] = gradients(model, sum(p.sum() for p in model.parameters()) * 2e38)

    model = TinyDDP(net(seed=0), bucket_bytes=SMALL)
    first = model.module[0]
    try:
        (first(x[mine]).sum()).backward()
    except RuntimeError as error:
        found["unused"] = str(error)
    torch.save(found, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[Tensor]]]:
    """What each rank found."""
    folder: Path = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, __file__, str(folder)]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]


def test_all_ranks_start_from_rank_0(found: list[dict[str, list[Tensor]]]) -> None:
    expected = [parameter.detach() for parameter in net(seed=0).parameters()]
    for rank in found:
        torch.testing.assert_close(rank["started"], expected, rtol=0, atol=0)


def test_training_is_that_of_one_process(found: list[dict[str, list[Tensor]]]) -> None:
    expected = train(net(seed=0), *batch())
    for rank in found:
        torch.testing.assert_close(rank["ours"], expected, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(rank["ours"], found[0]["ours"], rtol=0, atol=0)  # replicas agree to the bit


def test_training_is_that_of_pytorchs_ddp(found: list[dict[str, list[Tensor]]]) -> None:
    torch.testing.assert_close(found[1]["ours"], found[1]["theirs"], rtol=1e-12, atol=1e-13)


def test_unequal_shards_break_the_mean_and_weights_mend_it(found: list[dict[str, list[Tensor]]]) -> None:
    x, y = batch()
    model = net(seed=0)
    expected = gradients(model, (model(x) - y).square().sum(dim=1).mean())
    distance = sum(float((a - b).norm()) for a, b in zip(found[0]["uneven"], expected, strict=True))
    assert distance > 0.1
    torch.testing.assert_close(found[0]["weighted"], expected, rtol=1e-12, atol=1e-13)


def test_gradients_of_several_parts_are_synchronised_once(found: list[dict[str, list[Tensor]]]) -> None:
    """As by PyTorch's `no_sync`: each rank's own within, the mean of the sums after it."""
    for rank in found:
        torch.testing.assert_close(rank["summed"], rank["summed by theirs"], rtol=1e-12, atol=1e-13)
    x, y = batch()
    model = net(seed=0)
    together = gradients(model, (model(x) - y).square().sum() / RANKS)
    torch.testing.assert_close(found[0]["summed"][: len(together)], together, rtol=1e-12, atol=1e-13)
    assert not torch.allclose(found[0]["summed"][-1], found[1]["summed"][-1])  # each rank's own, within


def test_a_mean_does_not_overflow_on_the_way(found: list[dict[str, list[Tensor]]]) -> None:
    assert all(bool(gradient.isfinite().all()) for rank in found for gradient in rank["large"])


def test_a_parameter_left_out_is_an_error(found: list[dict[str, list[Tensor]]]) -> None:
    assert all("4 parameters had no part in the loss" in rank["unused"] for rank in found)


def test_buckets_hold_every_parameter_once_from_the_last() -> None:
    parameters = list(net(seed=0).parameters())
    for size in (1, SMALL, 10**6):
        buckets = in_buckets(parameters, size)
        assert [id(p) for bucket in buckets for p in bucket] == [id(p) for p in reversed(parameters)]
        for bucket in buckets:
            assert sum(p.numel() * p.element_size() for p in bucket[:-1]) < size
    assert len(in_buckets(parameters, 1)) == 6
    assert len(in_buckets(parameters, 10**6)) == 1


if __name__ == "__main__":  # a process of its own, which imports torch once and forks the ranks
    fork = multiprocessing.get_context("fork")
    ranks = [fork.Process(target=work, args=(rank, sys.argv[1])) for rank in range(RANKS)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()
    sys.exit(any(process.exitcode for process in ranks))
