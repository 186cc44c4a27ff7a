"""Blocks that several architectures share."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the global batch, whatever the number of processes.

    In one process it is `nn.BatchNorm2d`. In several, mean and variance are those of all
    processes' pictures together, so that two processes train as one with twice the batch does.
    PyTorch's own SyncBatchNorm needs a GPU; this works on any backend, gloo included. Every
    process must hold the same number of pictures.

    Shape: (B, C, H, W) -> (B, C, H, W).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalises `input`."""
        if not (self.training and dist.is_initialized() and dist.get_world_size() > 1):
            normalised: Tensor = super().forward(input)
            return normalised
        with torch.autocast(input.device.type, enabled=False):
            x = input.float()
            mean, variance = _moments_over_processes(x)  # (C,) each
            self._update_running_statistics(x, mean.detach(), variance.detach())
            scale = self.weight * torch.rsqrt(variance + self.eps)
            centred = x - mean[:, None, None]  # first: a large mean would swallow small differences
            normalised = centred * scale[:, None, None] + self.bias[:, None, None]
        return normalised.to(input.dtype)

    @torch.no_grad()
    def _update_running_statistics(self, x: Tensor, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        count = x.numel() // x.shape[1] * dist.get_world_size()
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        self.num_batches_tracked += 1


def _moments_over_processes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of the channels of x (B, C, H, W) in all processes together.

    The variance is that within the processes plus that between their means. The mean of squares
    less the square of the mean would lose all digits where values lie close together, and may fall
    below 0.
    """
    variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
    own = torch.stack([mean, variance])  # (2, C)
    others = torch.zeros_like(own)
    rank, count = dist.get_rank(), dist.get_world_size()
    table = torch.stack([own if number == rank else others for number in range(count)])
    sums: Tensor = all_reduce(table)  # type: ignore[no-untyped-call]
    means, variances = sums.unbind(dim=1)  # (processes, C) each
    mean = means.mean(dim=0)
    return mean, variances.mean(dim=0) + (means - mean).square().mean(dim=0)
