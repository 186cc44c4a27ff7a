from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from restauro.metrics import Comparison, fidelity_scores, scores
from restauro.metrics.fidelity import num_scales, similarity_maps


def hole(name: str, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """A metric of the hole, as an evaluation takes it."""
    return scores(Comparison(prediction, target, mask), [f"hole_{name}"])[f"hole_{name}"]


def whole(name: str, prediction: Tensor, target: Tensor) -> Tensor:
    """The same of two whole pictures, without a pixel that is pasted from the target."""
    restored = Comparison(prediction, target, torch.ones_like(target[:, :1]))
    return scores(restored, [f"composite_{name}"])[f"composite_{name}"]


def as_rows(pictures: Tensor) -> list[Tensor]:
    return list(pictures.permute(0, 2, 3, 1))  # (H, W, 3) each, as scikit-image takes them


# 1 x 2 pixels: the left one is the hole and off by 0.5, the right one known and off by 0.1
TARGET = torch.zeros(1, 3, 1, 2, dtype=torch.float64)
PREDICTION = torch.tensor([0.5, 0.1], dtype=torch.float64).expand(1, 3, 1, 2)
MASK = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(1, 1, 1, 2)


def test_values_of_the_hole_by_hand() -> None:
    assert hole("l1", PREDICTION, TARGET, MASK).item() == 0.5
    assert hole("mse", PREDICTION, TARGET, MASK).item() == 0.25
    assert hole("psnr", PREDICTION, TARGET, MASK).item() == pytest.approx(
        10 * math.log10(4), abs=1e-12
    )


def test_values_of_the_whole_picture_by_hand() -> None:
    assert whole("l1", PREDICTION, TARGET).item() == pytest.approx((0.5 + 0.1) / 2, abs=1e-12)
    assert whole("mse", PREDICTION, TARGET).item() == pytest.approx((0.25 + 0.01) / 2, abs=1e-12)
    expected = 10 * math.log10(1 / 0.13)
    assert whole("psnr", PREDICTION, TARGET).item() == pytest.approx(expected, abs=1e-12)


def test_sum_of_squared_errors_counts_every_value() -> None:
    prediction, target = torch.full((1, 3, 12, 16), 0.5), torch.zeros(1, 3, 12, 16)
    scores = fidelity_scores(prediction, target, torch.ones(1, 1, 12, 16))
    assert scores["sse"].item() == 3 * 12 * 16 * 0.25


def test_perfect_fill_has_infinite_psnr_and_no_hole_has_none(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    perfect = torch.where(masks.bool(), target, prediction)
    assert hole("psnr", perfect, target, masks).isposinf().all()
    for name in ("l1", "mse", "psnr", "snr", "ssim", "ms_ssim"):
        assert hole(name, prediction, target, torch.zeros_like(masks)).isnan().all()


def test_identical_pictures_are_wholly_similar(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    _, target, masks = pictures
    for name in ("ssim", "ms_ssim"):
        one, other = whole(name, target, target), hole(name, target, target, masks)
        torch.testing.assert_close(one, torch.ones_like(one), atol=1e-12, rtol=0)
        torch.testing.assert_close(other, one, atol=1e-12, rtol=0)


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
        whole("ssim", prediction, target),
        torch.tensor(expected, dtype=torch.float64),
        atol=1e-9,
        rtol=0,
    )


def test_ssim_keeps_three_digits_in_single_precision(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    single = hole("ssim", prediction.float(), target.float(), masks.float()).double()
    # 1e-3: variances as differences of squares lose digits where a picture is flat
    torch.testing.assert_close(single, hole("ssim", prediction, target, masks), atol=1e-3, rtol=0)


def test_ssim_of_the_hole_is_the_mean_of_the_map_there(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    composite = torch.where(masks.bool(), prediction, target)
    similarity, _ = similarity_maps(composite, target)
    assert similarity.shape == masks.shape
    expected = torch.stack([m[h.bool()].mean() for m, h in zip(similarity, masks, strict=True)])
    torch.testing.assert_close(hole("ssim", prediction, target, masks), expected)


def test_psnr_equals_scikit_image(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    prediction, target, _ = pictures
    expected = [
        peak_signal_noise_ratio(  # type: ignore[no-untyped-call]
            t.numpy(), p.numpy(), data_range=1
        )
        for p, t in zip(as_rows(prediction), as_rows(target), strict=True)
    ]
    torch.testing.assert_close(whole("psnr", prediction, target), torch.tensor(expected))


def test_more_noise_scores_worse(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    prediction, target, masks = pictures
    for name in ("psnr", "ssim", "ms_ssim"):
        assert whole(name, prediction, target).diff().max() < 0
    for name in ("psnr", "snr", "ssim", "ms_ssim"):
        assert hole(name, prediction, target, masks).diff().max() < 0


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


def test_a_fill_of_one_colour_has_the_error_of_the_contents_variance(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    _, target, masks = pictures
    mean = (target * masks).sum(dim=(2, 3), keepdim=True) / masks.sum(dim=(2, 3), keepdim=True)
    flat = mean.expand_as(target)
    torch.testing.assert_close(
        hole("mse", flat, target, masks), hole("variance", flat, target, masks)
    )
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(hole("snr", flat, target, masks), zero, atol=1e-9, rtol=0)


def test_halving_the_contrast_of_truth_and_error_changes_psnr_but_not_snr(
    pictures: tuple[Tensor, Tensor, Tensor],
) -> None:
    prediction, target, masks = pictures
    torch.testing.assert_close(
        hole("snr", prediction / 2, target / 2, masks), hole("snr", prediction, target, masks)
    )
    gain = hole("psnr", prediction / 2, target / 2, masks) - hole("psnr", prediction, target, masks)
    torch.testing.assert_close(gain, torch.full_like(gain, 20 * math.log10(2)))


def test_content_of_one_colour_has_no_snr() -> None:
    target = torch.full((1, 3, 12, 12), 0.3)
    assert hole("snr", target + 0.1, target, torch.ones(1, 1, 12, 12)).isnan().all()


@pytest.mark.parametrize(
    ("size", "expected"), [((11, 40), 1), ((64, 90), 3), ((128, 128), 4), ((176, 400), 5)]
)
def test_small_pictures_have_fewer_scales(size: tuple[int, int], expected: int) -> None:
    assert num_scales(size) == expected


def test_ms_ssim_is_the_product_of_its_scales() -> None:
    rng = torch.Generator().manual_seed(1)
    target = torch.rand(1, 3, 9, 12, generator=rng, dtype=torch.float64)
    target = torch.nn.functional.interpolate(target, (66, 90), mode="bilinear")
    prediction = target + 0.1 * torch.randn(target.shape, generator=rng, dtype=torch.float64)
    weights = torch.tensor([0.0448, 0.2856, 0.3001], dtype=torch.float64)  # of the paper
    expected = 1.0
    one, other = prediction, target
    for scale, weight in enumerate((weights / weights.sum()).tolist()):
        value = whole("ssim", one, other).item() if scale == 2 else structure(one[0], other[0])
        expected *= value**weight
        one, other = (torch.nn.functional.avg_pool2d(x, 2) for x in (one, other))
    # 1e-9 in float64: the same formula with the sums in another order
    assert whole("ms_ssim", prediction, target).item() == pytest.approx(expected, abs=1e-9)


def test_ms_ssim_is_near_that_of_torchmetrics() -> None:
    """The values are those of torchmetrics 1.9.0, one picture at a time, with `data_range=1.0`."""
    rng = torch.Generator().manual_seed(2)
    coarse = torch.rand(2, 3, 12, 16, generator=rng, dtype=torch.float64)
    target = torch.nn.functional.interpolate(coarse, (192, 256), mode="bilinear")
    prediction = target + 0.1 * torch.randn(target.shape, generator=rng, dtype=torch.float64)
    expected = torch.tensor([0.870291429863861, 0.8744487088521133], dtype=torch.float64)
    # 2e-3: torchmetrics counts the mirrored border at the last scale, here 12 x 16 pixels
    found = whole("ms_ssim", prediction, target)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def structure(prediction: Tensor, target: Tensor) -> float:
    """Mean of (2 cov + c2) / (var + var + c2) over full windows, by scikit-image."""
    one, other = prediction.numpy(), target.numpy()

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred: NDArray[np.float64] = gaussian(  # type: ignore[no-untyped-call]
            x, 1.5, truncate=3.5, channel_axis=0
        )
        return blurred

    covariance = mean(one * other) - mean(one) * mean(other)
    variances = mean(one**2) - mean(one) ** 2 + mean(other**2) - mean(other) ** 2
    ratio = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    return float(ratio[:, 5:-5, 5:-5].mean())
