"""The loss of networks that find damage."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.plugins import loss


@loss("damage")
class DamageLoss(nn.Module):
    """How wrong logits of damage and of its kinds are.

    The sum of three: the binary cross-entropy of every pixel, in which a damaged one counts
    `damaged_weight` times; one less the overlap of what is found with what is there (soft Dice),
    which does not shrink as most pixels are sound, and with `slack` pixels on both sides, lest a
    single speck in a picture rule it; and the cross-entropy of the kind over the damaged pixels.

    Shape: logits (B, 1 + kinds, H, W), image (B, 3, H, W), kinds (B, 1, H, W), 0 = sound, else 1
    + the kind's number -> (B,) >= 0.

    Source of the overlap: Milletari et al. 2016, arXiv:1606.04797.
    """

    def __init__(
        self,
        damaged_weight: float = 2.0,
        pixel_weight: float = 4.0,
        kind_weight: float = 0.1,
        slack: float = 50.0,
    ) -> None:
        super().__init__()
        self.damaged_weight, self.pixel_weight = damaged_weight, pixel_weight
        self.kind_weight, self.slack = kind_weight, slack

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture; `target` does not count."""
        logits, damaged = prediction[:, 0].float(), (mask[:, 0] > 0).float()  # (B, H, W)
        weight = 1 + (self.damaged_weight - 1) * damaged
        pixels = F.binary_cross_entropy_with_logits(logits, damaged, weight, reduction="none")
        found = logits.sigmoid()
        both = (found * damaged).sum(dim=(1, 2))
        either = (found + damaged).sum(dim=(1, 2)) / 2
        overlap = (both + self.slack) / (either + self.slack)
        kind = (mask[:, 0].long() - 1).masked_fill(mask[:, 0] == 0, -1)
        kinds = F.cross_entropy(prediction[:, 1:].float(), kind, reduction="none", ignore_index=-1)
        per_kind = kinds.sum(dim=(1, 2)) / damaged.sum(dim=(1, 2)).clamp(min=1)
        return (
            self.pixel_weight * pixels.mean(dim=(1, 2)) + 1 - overlap + self.kind_weight * per_kind
        )
