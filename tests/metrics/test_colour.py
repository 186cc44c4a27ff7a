from __future__ import annotations

import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

from restauro.metrics import Comparison, colour_difference, lab, lightness, luminance, scores


@pytest.fixture
def colours() -> Tensor:
    """(2, 3, 23, 31) float64: dark, grey, black and white ones among random ones."""
    rng = torch.Generator().manual_seed(3)
    images = torch.rand(2, 3, 23, 31, generator=rng, dtype=torch.float64)
    images[:, :, :5] *= 0.05
    images[:, :, 5:8] = images[:, :1, 5:8]
    images[:, :, 8, 0], images[:, :, 8, 1] = 0, 1
    return images


def test_lab_equals_scikit_image(colours: Tensor) -> None:
    expected = torch.from_numpy(rgb2lab(colours.permute(0, 2, 3, 1).numpy())).permute(0, 3, 1, 2)
    # 1e-3 of 100: scikit-image rounds the constants of Lab's curve near black (7.787, 0.008856)
    torch.testing.assert_close(lab(colours), expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(lab(colours.float()).double(), expected, atol=2e-3, rtol=0)


def test_lightness_is_labs(colours: Tensor) -> None:
    torch.testing.assert_close(lightness(colours), lab(colours)[:, :1])


def test_lightness_of_middle_grey_by_hand() -> None:
    # 119 / 255 is the sRGB value whose luminance is 0.1845, and 116 * 0.1845^(1/3) - 16 = 50.03
    grey = torch.full((1, 3, 1, 1), 119 / 255, dtype=torch.float64)
    assert luminance(grey).item() == pytest.approx(0.18448, abs=1e-5)
    assert lightness(grey).item() == pytest.approx(50.034, abs=2e-3)


def test_colour_difference_equals_scikit_image(colours: Tensor) -> None:
    one, other = lab(colours).permute(0, 2, 3, 1)
    expected = deltaE_ciede2000(one.numpy(), other.numpy())  # type: ignore[no-untyped-call]
    difference = colour_difference(one, other)
    # 1e-9 in float64: the same formula; 0.01 in float32: hues of near-greys are ill-conditioned
    torch.testing.assert_close(difference, torch.from_numpy(expected), atol=1e-9, rtol=0)
    single = colour_difference(one.float(), other.float()).double()
    torch.testing.assert_close(single, difference, atol=1e-2, rtol=0)


# pairs 1, 7, 9, 13, 17 and 25 of the table of Sharma, Wu and Dalal 2005, with their differences:
# blues, a grey, opposite hues, a large difference and a small one
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
]


@pytest.mark.parametrize(("one", "other", "expected"), SHARMA)
def test_colour_difference_has_the_published_values(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    pair = torch.tensor([one, other], dtype=torch.float64)
    assert colour_difference(pair[0], pair[1]).item() == pytest.approx(expected, abs=1e-4)
    assert colour_difference(pair[1], pair[0]).item() == pytest.approx(expected, abs=1e-4)


def test_equal_colours_do_not_differ(colours: Tensor) -> None:
    same = lab(colours.float()).permute(0, 2, 3, 1)
    assert torch.equal(colour_difference(same, same), torch.zeros(2, 23, 31))


def test_the_metric_is_the_mean_of_the_differences(colours: Tensor) -> None:
    target, composite = colours, colours.flip(3)
    mask = torch.zeros(2, 1, 23, 31, dtype=torch.float64)
    mask[:, :, 3:12, 5:20] = 1
    found = scores(Comparison(composite, target, mask), ["hole_ciede2000", "composite_ciede2000"])
    pairs = (rgb2lab(part.permute(0, 2, 3, 1).numpy()) for part in (composite, target))
    difference = torch.from_numpy(deltaE_ciede2000(*pairs))  # type: ignore[no-untyped-call]
    inside = difference[mask[:, 0].bool()].view(2, -1)
    # 1e-2: scikit-image rounds the constants of Lab's curve, as above
    torch.testing.assert_close(found["hole_ciede2000"], inside.mean(dim=1), atol=1e-2, rtol=0)
    shares = mask.mean(dim=(1, 2, 3))
    torch.testing.assert_close(
        found["composite_ciede2000"], inside.mean(dim=1) * shares, atol=1e-2, rtol=0
    )
