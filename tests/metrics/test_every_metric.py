"""What every registered metric promises: see `Metric`."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from restauro.errors import UnknownNameError
from restauro.metrics import (
    METRICS,
    Restored,
    colour_difference,
    l1,
    lab,
    lightness_error,
    ms_ssim,
    mse,
    pixel_metrics,
    psnr,
    relative_error,
    scores,
    seam,
    sharpness,
    snr,
    ssim,
)

Pictures = tuple[Tensor, Tensor, Tensor]
PIXEL_METRICS = pixel_metrics()


@pytest.fixture
def faces(pictures: Pictures) -> Pictures:
    """The pictures with colours of skin, so that every metric has a value."""
    prediction, target, masks = pictures
    skin = torch.tensor([0.8, 0.6, 0.5], dtype=torch.float64)[:, None, None]
    masks = masks.clone()
    masks[:, :, 10:30, 15:40] = 1
    return skin * (0.5 + prediction / 2), skin * (0.5 + target / 2), masks


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_values_are_finite_in_range_and_one_per_picture(name: str, faces: Pictures) -> None:
    metric = METRICS.create(name)
    values = scores(Restored(*faces), [name])[name]
    assert values.shape == (3,)
    assert values.isfinite().all()
    low, high = metric.range
    assert low <= values.min()
    assert values.max() <= high
    assert metric.name == name
    assert metric.meaning


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_a_perfect_fill_has_the_best_value(name: str, faces: Pictures) -> None:
    metric, (prediction, target, masks) = METRICS.create(name), faces
    perfect = scores(Restored(target, target, masks), [name])[name]
    if metric.is_descriptive:
        assert torch.equal(perfect, scores(Restored(*faces), [name])[name])
        return
    assert metric.best is not None
    torch.testing.assert_close(perfect, torch.full_like(perfect, metric.best), atol=1e-9, rtol=0)
    best = metric.distance(metric.best)
    for value in scores(Restored(prediction, target, masks), [name])[name].tolist():
        assert metric.distance(value) > best


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_every_picture_is_measured_alone(name: str, faces: Pictures) -> None:
    order = torch.tensor([2, 0, 1])
    together = scores(Restored(*faces), [name])[name]
    shuffled = scores(Restored(*(part[order] for part in faces)), [name])[name]
    torch.testing.assert_close(shuffled, together[order], atol=1e-9, rtol=1e-9)
    alone = scores(Restored(*(part[1:2] for part in faces)), [name])[name]
    torch.testing.assert_close(alone, together[1:2], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_turned_pictures_have_the_same_values(name: str, pictures: Pictures) -> None:
    if name in {"backlight", "ita", "ita_error"}:
        pytest.skip("the subject's ellipse stands upright")
    values = scores(Restored(*pictures), [name])[name]
    turned = scores(Restored(*(part.transpose(2, 3) for part in pictures)), [name])[name]
    torch.testing.assert_close(turned, values, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_predictions_outside_the_hole_do_not_count(name: str, faces: Pictures) -> None:
    prediction, target, masks = faces
    elsewhere = torch.where(masks.bool(), prediction, 1 - prediction)
    one, other = (scores(Restored(p, target, masks), [name])[name] for p in (prediction, elsewhere))
    torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_named_metrics_equal_the_functions(faces: Pictures) -> None:
    prediction, target, masks = faces
    composite = masks * prediction + (1 - masks) * target
    found = scores(Restored(prediction, target, masks))
    both = {"l1": l1, "mse": mse, "psnr": psnr, "ssim": ssim, "ms_ssim": ms_ssim}
    expected = {f"hole_{n}": f(composite, target, masks) for n, f in both.items()}
    expected |= {f"composite_{n}": f(composite, target) for n, f in both.items()}
    hole_only = {
        "hole_snr": snr, "sharpness": sharpness, "seam": seam,
        "lightness_error": lightness_error, "relative_error": relative_error,
    }  # fmt: skip
    expected |= {n: f(composite, target, masks) for n, f in hole_only.items()}
    pixels = colour_difference(*(lab(x).permute(0, 2, 3, 1) for x in (composite, target)))
    expected["composite_ciede2000"] = pixels.mean(dim=(1, 2))
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values)


def test_single_precision_is_enough(faces: Pictures) -> None:
    double = scores(Restored(*faces))
    single = scores(Restored(*(part.float() for part in faces)))
    for name, values in double.items():
        # 1e-3: SSIM's variances are differences of squares
        torch.testing.assert_close(single[name].double(), values, atol=1e-3, rtol=1e-3)


def test_no_hole_gives_nothing_for_the_hole(faces: Pictures) -> None:
    prediction, target, masks = faces
    found = scores(Restored(prediction, target, torch.zeros_like(masks)))
    for name in ("hole_l1", "hole_psnr", "hole_ms_ssim", "hole_ciede2000", "seam", "ita_error"):
        assert found[name].isnan().all(), name
    assert (found["composite_psnr"] == math.inf).all()


def test_an_unknown_metric_suggests_another(faces: Pictures) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hole_psnr'"):
        scores(Restored(*faces), ["hole_psrn"])
