from __future__ import annotations

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from restauro.metrics import fidelity_scores, mse, psnr, ssim, ssim_map


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """Predictions and targets (3, 3, 37, 50) float64 in [0, 1], and masks (3, 1, 37, 50).

    The targets are smooth, the predictions noisier from picture to picture.
    """
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 5, 7, generator=rng, dtype=torch.float64)
    target = torch.nn.functional.interpolate(coarse, (37, 50), mode="bilinear")
    noise = torch.randn(3, 3, 37, 50, generator=rng, dtype=torch.float64)
    spread = torch.tensor([0.02, 0.1, 0.3], dtype=torch.float64)[:, None, None, None]
    masks = torch.zeros(3, 1, 37, 50, dtype=torch.float64)
    masks[:, :, 10:30, :20] = 1
    return (target + spread * noise).clamp(0, 1), target, masks


def as_rows(pictures: Tensor) -> list[Tensor]:
    return list(pictures.permute(0, 2, 3, 1))  # (H, W, 3) each, as scikit-image takes them


# 1 x 2 pixels: the left one is the hole and off by 0.5, the right one known and off by 0.1
TARGET = torch.zeros(1, 3, 1, 2, dtype=torch.float64)
PREDICTION = torch.tensor([0.5, 0.1], dtype=torch.float64).expand(1, 3, 1, 2)
MASK = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(1, 1, 1, 2)


def test_values_of_the_hole_by_hand() -> None:
    assert mse(PREDICTION, TARGET, MASK).item() == 0.25
    assert psnr(PREDICTION, TARGET, MASK).item() == pytest.approx(10 * math.log10(4), abs=1e-12)


def test_values_of_the_whole_picture_by_hand() -> None:
    assert mse(PREDICTION, TARGET).item() == pytest.approx((0.25 + 0.01) / 2, abs=1e-12)
    expected = 10 * math.log10(1 / 0.13)
    assert psnr(PREDICTION, TARGET).item() == pytest.approx(expected, abs=1e-12)


def test_sum_of_squared_errors_counts_every_value() -> None:
    prediction, target = torch.full((1, 3, 12, 16), 0.5), torch.zeros(1, 3, 12, 16)
    scores = fidelity_scores(prediction, target, torch.ones(1, 1, 12, 16))
    assert scores["sse"].item() == 3 * 12 * 16 * 0.25


def test_perfect_fill_has_infinite_psnr_and_no_hole_has_none(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    perfect = torch.where(masks.bool(), target, prediction)
    assert psnr(perfect, target, masks).isposinf().all()
    for metric in (mse, psnr, ssim):
        assert metric(prediction, target, torch.zeros_like(masks)).isnan().all()


def test_identical_pictures_are_wholly_similar(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    _, target, masks = pictures
    for value in (ssim(target, target), ssim(target, target, masks)):
        torch.testing.assert_close(value, torch.ones_like(value), atol=1e-12, rtol=0)


def test_ssim_equals_scikit_image(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    prediction, target, _ = pictures
    expected = [
        structural_similarity(  # type: ignore[no-untyped-call]
            p.numpy(),
            t.numpy(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
        )
        for p, t in zip(as_rows(prediction), as_rows(target), strict=True)
    ]
    # 1e-9 in float64: the same formula with the sums in another order
    torch.testing.assert_close(
        ssim(prediction, target), torch.tensor(expected, dtype=torch.float64), atol=1e-9, rtol=0
    )


def test_ssim_keeps_three_digits_in_single_precision(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    single = ssim(prediction.float(), target.float(), masks.float()).double()
    # 1e-3: variances as differences of squares lose digits where a picture is flat
    torch.testing.assert_close(single, ssim(prediction, target, masks), atol=1e-3, rtol=0)


def test_ssim_of_the_hole_is_the_mean_of_the_map_there(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    similarity = ssim_map(prediction, target)
    assert similarity.shape == masks.shape
    expected = torch.stack([m[h.bool()].mean() for m, h in zip(similarity, masks, strict=True)])
    torch.testing.assert_close(ssim(prediction, target, masks), expected)


def test_psnr_equals_scikit_image(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    prediction, target, _ = pictures
    expected = [
        peak_signal_noise_ratio(  # type: ignore[no-untyped-call]
            t.numpy(), p.numpy(), data_range=1
        )
        for p, t in zip(as_rows(prediction), as_rows(target), strict=True)
    ]
    torch.testing.assert_close(psnr(prediction, target), torch.tensor(expected))


def test_more_noise_scores_worse(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    prediction, target, masks = pictures
    for metric in (psnr, ssim):
        for value in (metric(prediction, target), metric(prediction, target, masks)):
            assert value.diff().max() < 0


def test_every_picture_is_scored_alone(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    order = torch.tensor([2, 0, 1])
    shuffled = (part[order] for part in pictures)
    together = fidelity_scores(*pictures)
    for name, values in fidelity_scores(*shuffled).items():
        assert values.shape == (3,)
        torch.testing.assert_close(values, together[name][order])


def test_composite_scores_do_not_see_the_prediction_outside_the_hole(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    elsewhere = torch.where(masks.bool(), prediction, torch.rand_like(prediction))
    one = fidelity_scores(prediction, target, masks)
    other = fidelity_scores(elsewhere, target, masks)
    for name in ("hole_mse", "hole_psnr", "composite_psnr", "composite_ssim"):
        assert torch.equal(one[name], other[name])
    assert not torch.equal(one["psnr"], other["psnr"])
