"""How far codes are from independent standard normal ones, in nats: what variational losses weigh.

Means, logarithms of variances and drawn codes are (B, D) of a batch: q(z|x) is one normal
distribution for each picture, p(z) the standard one, and q(z) the average of q(z|x) over pictures.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Divergence of q(z|x) from p(z): (B,) >= 0.

    Source: Kingma and Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


def decomposed_kl(
    code: Tensor, mean: Tensor, log_variance: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The same in three parts, estimated from one drawn code a picture: (B,) each.

    They are the mutual information of picture and code, log q(z|x) - log q(z); the total
    correlation of the code's numbers, log q(z) - sum of log q(z_d); and each number's divergence
    from p, sum of log q(z_d) - log p(z_d). q(z) is the batch's average, so the first is at most
    log B. The paper's minibatch-weighted q(z) is that divided by the number of training pictures,
    which no gradient sees.

    Source: Chen et al. 2018, arXiv:1802.04942, equations 2 and 3.
    """
    of_pairs = _log_normal(code[:, None], mean[None], log_variance[None])  # (B, B, D): log q(z_d|x)
    log_batch = math.log(len(code))
    log_q = of_pairs.sum(dim=2).logsumexp(dim=1) - log_batch
    log_q_each = (of_pairs.logsumexp(dim=1) - log_batch).sum(dim=1)
    log_q_own = of_pairs.diagonal().sum(dim=0)
    log_p = _log_normal(code, torch.zeros_like(code), torch.zeros_like(code)).sum(dim=1)
    return log_q_own - log_q, log_q - log_q_each, log_q_each - log_p


def shuffled(code: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Codes (B, D) whose numbers come from different pictures each, as if independent.

    Source: Kim and Mnih 2018, arXiv:1802.05983, algorithm 1; there of another batch.
    """
    order = torch.rand(code.shape, generator=generator, device=code.device).argsort(dim=0)
    return code.gather(0, order)


def _log_normal(value: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Logarithm of the normal density."""
    squared = (value - mean).square() * (-log_variance).exp()
    return -0.5 * (squared + log_variance + math.log(2 * math.pi))
