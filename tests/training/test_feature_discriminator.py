from __future__ import annotations

import torch

from restauro.training.adversary import FeatureDiscriminator

RNG = torch.Generator().manual_seed(0)
MAPS = [torch.rand(2, 3, 8, 12, generator=RNG), torch.rand(2, 5, 4, 6, generator=RNG)]
MASK = torch.zeros(2, 1, 16, 24)


def test_each_place_of_each_map_is_judged() -> None:
    judgements = FeatureDiscriminator([3, 5])(MAPS, MASK)
    assert [judgement.shape for judgement in judgements] == [(2, 1, 8, 12), (2, 1, 4, 6)]


def test_the_size_of_features_does_not_count_but_the_mask_does() -> None:
    torch.manual_seed(0)
    discriminator = FeatureDiscriminator([3, 5])
    judgements = discriminator(MAPS, MASK)
    larger = discriminator([10 * features for features in MAPS], MASK)
    masked = discriminator(MAPS, torch.ones_like(MASK))
    for one, other, third in zip(judgements, larger, masked, strict=True):
        torch.testing.assert_close(one, other)
        assert not torch.allclose(one, third)
