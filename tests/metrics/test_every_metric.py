"""What every registered metric promises: see `Metric`."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from restauro.errors import UnknownNameError
from restauro.metrics import (
    METRICS,
    Comparison,
    Metric,
    metric,
    metric_of_areas,
    once,
    pixel_metrics,
    scores,
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
    entry = METRICS.create(name)
    values = scores(Comparison(*faces), [name])[name]
    assert values.shape == (3,)
    assert values.isfinite().all()
    low, high = entry.range
    assert low <= values.min()
    assert values.max() <= high
    assert entry.name == name
    assert entry.meaning


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_a_perfect_fill_has_the_best_value(name: str, faces: Pictures) -> None:
    entry, (prediction, target, masks) = METRICS.create(name), faces
    perfect = scores(Comparison(target, target, masks), [name])[name]
    if entry.better is None:  # it describes the undamaged picture
        assert torch.equal(perfect, scores(Comparison(*faces), [name])[name])
        return
    assert entry.best is not None
    torch.testing.assert_close(perfect, torch.full_like(perfect, entry.best), atol=1e-9, rtol=0)
    for value in scores(Comparison(prediction, target, masks), [name])[name].tolist():
        if entry.better == "near":
            assert value != entry.best
        else:
            assert (value < entry.best) == (entry.better == "higher")


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_every_picture_is_measured_alone(name: str, faces: Pictures) -> None:
    order = torch.tensor([2, 0, 1])
    together = scores(Comparison(*faces), [name])[name]
    shuffled = scores(Comparison(*(part[order] for part in faces)), [name])[name]
    torch.testing.assert_close(shuffled, together[order], atol=1e-9, rtol=1e-9)
    alone = scores(Comparison(*(part[1:2] for part in faces)), [name])[name]
    torch.testing.assert_close(alone, together[1:2], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_turned_pictures_have_the_same_values(name: str, pictures: Pictures) -> None:
    if name in {"backlight", "ita", "ita_error"}:
        pytest.skip("the subject's ellipse stands upright")
    values = scores(Comparison(*pictures), [name])[name]
    turned = scores(Comparison(*(part.transpose(2, 3) for part in pictures)), [name])[name]
    torch.testing.assert_close(turned, values, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_predictions_outside_the_hole_do_not_count(name: str, faces: Pictures) -> None:
    prediction, target, masks = faces
    elsewhere = torch.where(masks.bool(), prediction, 1 - prediction)
    one, other = (
        scores(Comparison(p, target, masks), [name])[name] for p in (prediction, elsewhere)
    )
    torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_a_decorator_makes_a_metric_of_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS, "_factories", {})

    @metric("worst", range=(0.0, 1.0), needs="a-package")
    def worst(restored: Comparison) -> Tensor:
        """Largest error in the hole.

        Of a channel.
        """
        return ((restored.composite - restored.target).abs() * restored.mask).amax(dim=(1, 2, 3))

    assert METRICS.create("worst") == Metric(
        "worst", "", "lower", 0.0, (0.0, 1.0), "Largest error in the hole", worst, "a-package"
    )
    assert pixel_metrics() == []


def test_a_metric_of_areas_counts_the_hole_and_the_picture(
    monkeypatch: pytest.MonkeyPatch, faces: Pictures
) -> None:
    monkeypatch.setattr(METRICS, "_factories", {})

    @metric_of_areas("size", better=None, best=None)
    def size(restored: Comparison, area: Tensor | None) -> Tensor:
        """Pixels."""
        counted = torch.ones_like(restored.mask) if area is None else area
        return counted.sum(dim=(1, 2, 3))

    found = scores(Comparison(*faces))
    assert torch.equal(found["hole_size"], faces[2].sum(dim=(1, 2, 3)))
    assert torch.equal(found["composite_size"], torch.full((3,), 37 * 50, dtype=torch.float64))
    assert METRICS.create("hole_size").meaning == "Pixels, hole"
    assert METRICS.create("composite_size").meaning == "Pixels, whole picture"


def test_what_metrics_share_is_computed_once(faces: Pictures) -> None:
    calls = []

    @once
    def count(restored: Comparison) -> int:
        calls.append(restored)
        return len(restored)

    restored = Comparison(*faces)
    assert (count(restored), count(restored), len(calls)) == (3, 3, 1)
    assert (count(Comparison(*faces)), len(calls)) == (3, 2)


def test_single_precision_is_enough(faces: Pictures) -> None:
    double = scores(Comparison(*faces))
    single = scores(Comparison(*(part.float() for part in faces)))
    for name, values in double.items():
        # 1e-3: SSIM's variances are differences of squares
        torch.testing.assert_close(single[name].double(), values, atol=1e-3, rtol=1e-3)


def test_no_hole_gives_nothing_for_the_hole(faces: Pictures) -> None:
    prediction, target, masks = faces
    found = scores(Comparison(prediction, target, torch.zeros_like(masks)))
    for name in ("hole_l1", "hole_psnr", "hole_ms_ssim", "hole_ciede2000", "seam", "ita_error"):
        assert found[name].isnan().all(), name
    assert (found["composite_psnr"] == math.inf).all()


def test_an_unknown_metric_suggests_another(faces: Pictures) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hole_psnr'"):
        scores(Comparison(*faces), ["hole_psrn"])
