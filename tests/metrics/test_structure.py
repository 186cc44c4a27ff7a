from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.metrics import Comparison, seam, sharpness
from restauro.metrics.structure import ROUNDING_ENERGY

Pictures = tuple[Tensor, Tensor, Tensor]


def stripes(low: float, high: float) -> Tensor:
    """(1, 3, 6, 8) with columns of two values in turn."""
    row = torch.tensor([low, high], dtype=torch.float64).repeat(4)
    return row.expand(1, 3, 6, 8).clone()


@pytest.fixture
def hole() -> Tensor:
    mask = torch.zeros(1, 1, 6, 8, dtype=torch.float64)
    mask[:, :, 1:4, 2:6] = 1
    return mask


def test_stripes_of_half_the_height_have_a_quarter_of_the_energy(hole: Tensor) -> None:
    # differences of 0.2 against 0.4 between columns and none between rows
    ratio = sharpness(Comparison(stripes(0.4, 0.6), stripes(0.3, 0.7), hole)).item()
    assert ratio == pytest.approx(0.25, abs=1e-4)  # 1e-4: the rounding energy


def test_a_seam_by_hand(hole: Tensor) -> None:
    # a flat fill 0.3 above a ramp of steps of 0.1 downwards: 4 pairs across the top differ by
    # 0.1 + 0.3, 4 across the bottom by 0.1 - 0.3, 6 across the sides by 0.3
    target = (0.1 * torch.arange(6, dtype=torch.float64))[:, None].expand(1, 3, 6, 8)
    composite = target + 0.3 * hole
    truth = 8 * 0.1**2 / 14
    expected = (4 * 0.4**2 + 4 * 0.2**2 + 6 * 0.3**2) / 14
    expected = (expected + ROUNDING_ENERGY) / (truth + ROUNDING_ENERGY)
    assert seam(Comparison(composite, target, hole)).item() == pytest.approx(expected, rel=1e-9)


def test_a_perfect_fill_is_right(pictures: Pictures) -> None:
    _, target, masks = pictures
    for metric in (sharpness, seam):
        assert torch.equal(
            metric(Comparison(target, target, masks)), torch.ones(3, dtype=torch.float64)
        )


def test_a_flat_fill_of_a_flat_truth_is_right_and_texture_is_finite(hole: Tensor) -> None:
    flat = torch.full((1, 3, 6, 8), 0.5, dtype=torch.float64)
    assert sharpness(Comparison(flat, flat, hole)).item() == 1
    assert 1000 < sharpness(Comparison(stripes(0.3, 0.7), flat, hole)).item() < float("inf")


def test_a_visible_edge_is_no_sharpness_and_texture_no_seam(hole: Tensor) -> None:
    flat = torch.full((1, 3, 6, 8), 0.5, dtype=torch.float64)
    lighter = flat + 0.2 * hole
    assert sharpness(Comparison(lighter, flat, hole)).item() == pytest.approx(1, abs=1e-9)
    assert seam(Comparison(lighter, flat, hole)).item() > 1000


def test_blur_lowers_sharpness_and_noise_raises_it(pictures: Pictures) -> None:
    _, target, masks = pictures
    rng = torch.Generator().manual_seed(2)
    textured = target + 0.1 * torch.randn(target.shape, generator=rng, dtype=torch.float64)
    blurred = F.avg_pool2d(textured, 3, stride=1, padding=1, count_include_pad=False)
    noisy = textured + 0.1 * torch.randn(target.shape, generator=rng, dtype=torch.float64)
    assert sharpness(Comparison(blurred, textured, masks)).max() < 0.5
    assert sharpness(Comparison(noisy, textured, masks)).min() > 1.5


def test_masks_without_pairs_give_nothing(pictures: Pictures) -> None:
    prediction, target, masks = pictures
    empty, full, single = torch.zeros_like(masks), torch.ones_like(masks), torch.zeros_like(masks)
    single[:, :, 5, 5] = 1
    assert sharpness(Comparison(prediction, target, empty)).isnan().all()
    assert sharpness(Comparison(prediction, target, single)).isnan().all()
    assert seam(Comparison(prediction, target, empty)).isnan().all()
    assert seam(Comparison(prediction, target, full)).isnan().all()
    assert seam(Comparison(prediction, target, single)).isfinite().all()
