"""Batch normalisation over two processes equals that of PyTorch over the whole batch in one."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

from restauro.models.blocks import BatchNorm2d
from started import PATIENCE

NUM_PROCESSES = 2
Values = dict[str, Tensor]


def normalise(norm: nn.BatchNorm2d, images: Tensor, weights: Tensor) -> Values:
    """Two training steps of `norm`, with everything that they leave behind."""
    for _ in range(2):
        x = images.clone().requires_grad_()
        norm.zero_grad()
        output = norm(x)
        (output * weights).sum().backward()
    gradients = {name: p.grad for name, p in norm.named_parameters() if p.grad is not None}
    assert x.grad is not None
    return {"output": output.detach(), "input": x.grad, **gradients, **dict(norm.named_buffers())}


def batch() -> tuple[Tensor, Tensor]:
    """(8, 3, 5, 7), with another mean and spread in each half of the batch, and loss weights."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(8, 3, 5, 7, generator=rng)
    images[4:] = 3 * images[4:] + 2
    return images, torch.randn(8, 3, 5, 7, generator=rng)


def close_batch() -> Tensor:
    """(8, 3, 5, 7) of mean 30 and deviation 0.003, whose squares are equal in 32 bits."""
    return 30 + 0.003 * torch.randn(8, 3, 5, 7, generator=torch.Generator().manual_seed(0))


def work(rank: int, folder: str) -> None:
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/rendezvous",
        rank=rank,
        world_size=NUM_PROCESSES,
        timeout=timedelta(seconds=PATIENCE),
    )
    torch.set_num_threads(1)
    images, weights = (part.chunk(NUM_PROCESSES)[rank] for part in batch())
    values = normalise(BatchNorm2d(3), images, weights)
    close_images = close_batch().chunk(NUM_PROCESSES)[rank]
    values["close"] = BatchNorm2d(3)(close_images).detach()
    torch.save(values, f"{folder}/{rank}.pt")
    os._exit(0)  # at a usual exit a thread of the group may abort the process


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[Values]:
    folder = tmp_path_factory.mktemp("batch_norm")
    spawn(work, (str(folder),), nprocs=NUM_PROCESSES)  # type: ignore[no-untyped-call]
    return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(NUM_PROCESSES)]


@pytest.fixture(scope="module")
def theirs() -> Values:
    return normalise(nn.BatchNorm2d(3), *batch())


# 1e-5 throughout: fp32 sums of 280 values in another order
@pytest.mark.parametrize("name", ["output", "input"])
def test_values_and_gradients_of_the_pictures(
    name: str, ours: list[Values], theirs: Values
) -> None:
    torch.testing.assert_close(torch.cat([p[name] for p in ours]), theirs[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_gradients_of_the_weights_add_up(name: str, ours: list[Values], theirs: Values) -> None:
    torch.testing.assert_close(ours[0][name] + ours[1][name], theirs[name], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", ["running_mean", "running_var", "num_batches_tracked"])
def test_running_statistics_in_every_process(name: str, ours: list[Values], theirs: Values) -> None:
    for process in ours:
        torch.testing.assert_close(process[name], theirs[name], atol=1e-5, rtol=0)


def test_values_that_lie_close_together_keep_their_digits(ours: list[Values]) -> None:
    expected = nn.BatchNorm2d(3, dtype=torch.float64)(close_batch().double()).float().detach()
    output = torch.cat([process["close"] for process in ours])
    # the mean is known to 2e-6, a rounding at 30, which the deviation of 0.0044 makes 5e-4
    torch.testing.assert_close(output, expected, atol=1e-3, rtol=0)


def test_one_process_is_exactly_pytorch(theirs: Values) -> None:
    values = normalise(BatchNorm2d(3), *batch())
    assert all(torch.equal(values[name], theirs[name]) for name in theirs)
