from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb
from torch import Tensor

from restauro.metrics import Comparison, ita_group, lab, lightness, scores, subject_lightness
from restauro.metrics.tone import skin_area, subject_area

Pictures = tuple[Tensor, Tensor, Tensor]
SIZE = (50, 37)


def score(name: str, prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """A metric of the hole, or of a hole that is the whole picture."""
    mask = torch.ones_like(target[:, :1]) if mask is None else mask
    return scores(Comparison(prediction, target, mask), [name])[name]


def picture_of(*colours: tuple[float, float, float]) -> Tensor:
    """One picture per CIELAB colour, all of that colour: (N, 3, 50, 37) float64."""
    rgb = lab2rgb(np.array(colours)[None])[0]
    return torch.from_numpy(rgb)[:, :, None, None].expand(-1, -1, *SIZE).clone()


# atan((L* - 50) / b*): 50 / 10 cannot be skin, so b* is what skin has
ANGLES = [
    ((70.0, 12.0, 14.0), math.degrees(math.atan(20 / 14)), "very light"),  # 55.008
    ((65.0, 12.0, 15.0), 45.0, "light"),
    ((60.0, 14.0, 10 * math.sqrt(3)), 30.0, "intermediate"),
    ((55.0, 14.0, 18.0), math.degrees(math.atan(5 / 18)), "tan"),  # 15.5
    ((45.0, 16.0, 18.0), math.degrees(math.atan(-5 / 18)), "brown"),
    ((30.0, 14.0, 15.0), math.degrees(math.atan(-20 / 15)), "dark"),  # -53.1
]


@pytest.mark.parametrize(("colour", "angle", "group"), ANGLES, ids=lambda value: str(value)[:12])
def test_typology_angle_by_hand(
    colour: tuple[float, float, float], angle: float, group: str
) -> None:
    picture = picture_of(colour)
    measured = score("ita", picture, picture)
    assert measured.item() == pytest.approx(angle, abs=0.02)  # 0.02: scikit-image's constants
    assert ita_group(measured.item()) == group
    single = picture.float()
    assert score("ita", single, single).item() == pytest.approx(angle, abs=0.05)


@pytest.mark.parametrize(
    ("angle", "group"),
    [(55.1, "very light"), (55.0, "light"), (41.0, "intermediate"), (28.0, "tan"),
     (10.0, "brown"), (-30.0, "brown"), (-30.1, "dark"), (math.nan, "unknown")],
)  # fmt: skip
def test_borders_of_the_groups(angle: float, group: str) -> None:
    assert ita_group(angle) == group


def test_trimming_leaves_out_what_is_no_skin() -> None:
    picture = picture_of((65.0, 12.0, 15.0))
    lips = picture_of((45.0, 20.0, 10.0))
    picture[:, :, 30:33] = lips[:, :, 30:33]
    assert skin_area(picture, lab(picture))[:, :, 31].sum() > 0  # the box takes lips for skin
    assert score("ita", picture, picture).item() == pytest.approx(45, abs=0.02)


def test_too_little_skin_is_unknown() -> None:
    skin, blue = picture_of((65.0, 12.0, 15.0)), picture_of((50.0, 0.0, -30.0))
    ellipse = subject_area(SIZE)
    order = ellipse.flatten().nonzero()[:, 0]
    for share, known in ((0.018, False), (0.022, True)):
        chosen = torch.zeros(SIZE, dtype=torch.bool).flatten()
        chosen[order[: round(share * SIZE[0] * SIZE[1])]] = True
        picture = torch.where(chosen.view(1, 1, *SIZE), skin, blue)
        assert score("ita", picture, picture).isfinite().item() is known
    elsewhere = torch.where(ellipse, blue, skin)
    assert score("ita", elsewhere, elsewhere).isnan().all()


@pytest.fixture
def hole() -> Tensor:
    mask = torch.zeros(1, 1, *SIZE, dtype=torch.float64)
    mask[:, :, 15:35, 10:27] = 1
    return mask


@pytest.mark.parametrize("shift", [5.0, -3.0])
def test_a_planted_change_of_lightness_is_found_with_sign_and_size(
    shift: float, hole: Tensor
) -> None:
    dark, planted = picture_of((30.0, 14.0, 15.0)), picture_of((30.0 + shift, 14.0, 15.0))
    found = scores(Comparison(planted, dark, hole))
    assert found["lightness_error"].item() == pytest.approx(shift, abs=0.01)
    angle = math.degrees(math.atan((shift - 20) / 15) - math.atan(-20 / 15))
    assert found["ita_error"].item() == pytest.approx(angle, abs=0.03)
    assert found["hole_lightness"].item() == pytest.approx(30, abs=0.01)


def test_relative_error_by_hand() -> None:
    # luminance 1 against 0: |1 - 0| / (0 + 0.01) = 100; and 0 against 1: 1 / 1.01
    white, black = torch.ones(1, 3, 4, 5), torch.zeros(1, 3, 4, 5)
    assert score("relative_error", white, black).item() == pytest.approx(100, rel=1e-5)
    assert score("relative_error", black, white).item() == pytest.approx(1 / 1.01, rel=1e-5)


def test_the_same_error_of_code_values_counts_more_in_the_dark(hole: Tensor) -> None:
    dark, light = torch.full((1, 3, *SIZE), 0.1), torch.full((1, 3, *SIZE), 0.8)
    mask = hole.float()
    one, other = (score("relative_error", x + 0.05, x, mask) for x in (dark, light))
    assert one.item() > 3 * other.item()


def test_a_dark_middle_in_light_is_backlit() -> None:
    picture = torch.where(subject_area(SIZE), 0.0, 1.0).expand(1, 3, -1, -1)
    assert subject_lightness(picture).item() == 0
    assert score("backlight", picture, picture).item() == pytest.approx(100, abs=1e-3)
    assert score("backlight", 1 - picture, 1 - picture).item() == pytest.approx(-100, abs=1e-3)


def test_contrast_is_the_deviation_of_lightness(pictures: Pictures) -> None:
    prediction, target, masks = pictures
    found = scores(Comparison(prediction, target, masks))
    inside = lightness(target)[masks.bool()].view(3, -1)
    torch.testing.assert_close(found["hole_contrast"], inside.std(dim=1, correction=0))
    torch.testing.assert_close(found["hole_lightness"], inside.mean(dim=1))
    everywhere = lightness(target).flatten(1)
    torch.testing.assert_close(found["picture_contrast"], everywhere.std(dim=1, correction=0))
