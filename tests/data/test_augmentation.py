from __future__ import annotations

import numpy as np
import pytest
import torch

from restauro.data.batches import ENCODING, Augmentation, cut, expose
from restauro.errors import ConfigError

IMAGES = torch.full((2, 3, 4, 6), 0.5)


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_stop_halves_the_light() -> None:
    stops = torch.tensor([[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    darker, same = expose(IMAGES, stops)
    assert torch.allclose(darker**ENCODING, IMAGES[0] ** ENCODING / 2)
    assert torch.equal(same, IMAGES[1])


def test_light_from_one_side_and_never_above_one() -> None:
    stops = torch.tensor([[0.0, 0.0, 4.0], [9.0, 0.0, 0.0]])
    lit, burnt = expose(IMAGES, stops)
    assert (lit[:, :, 1:] > lit[:, :, :-1]).all()
    assert torch.allclose(lit, lit[:, :1].expand_as(lit))
    assert torch.equal(burnt, torch.ones_like(burnt))


def test_a_share_of_the_pictures_is_changed_within_the_limits() -> None:
    stops = Augmentation(share=0.25, exposure=(-2.0, -1.0), slope=0.5).draw_light(4000, rng())
    is_changed = stops[:, 0] != 0
    assert is_changed.float().mean().item() == pytest.approx(0.25, abs=0.03)
    changed = stops[is_changed]
    assert -2 <= changed[:, 0].min() < -1.9
    assert -1.1 < changed[:, 0].max() <= -1
    assert 0.4 < changed[:, 1:].norm(dim=1).max() <= 0.5
    assert not stops[~is_changed].any()


def test_a_closer_look_shows_the_part_that_was_chosen() -> None:
    ramp = np.zeros((96, 128, 3), dtype=np.uint8)
    ramp[:, :, 0] = np.arange(128)  # redder to the right
    ramp[:, :, 1] = np.arange(96)[:, None]  # greener to the bottom
    closer = cut(ramp, torch.tensor([0.5, 0.25, 0.5]), size=(48, 64))  # length, top, left
    assert torch.equal(closer, torch.from_numpy(ramp[24:72, 64:128]))  # pixel by pixel
    larger = cut(ramp, torch.tensor([0.5, 0.25, 0.5]), size=(96, 128))
    assert larger.dtype == torch.uint8
    assert larger[40, [0, -1], 0].tolist() == [64, 127]
    assert larger[[0, -1], 40, 1].tolist() == [24, 71]
    smaller = cut(ramp, torch.tensor([0.5, 0.25, 0.5]), size=(24, 32))
    assert smaller[12, [0, -1], 0].tolist() == pytest.approx([64.5, 126.5], abs=0.6)


def test_a_crop_of_one_pixel_at_the_edge_lies_inside() -> None:
    ramp = np.arange(6, dtype=np.uint8)[:, None, None].repeat(6, axis=1).repeat(3, axis=2)
    closer = cut(ramp, torch.tensor([0.01, 0.99, 0.99]), size=(4, 4))
    assert torch.equal(closer, torch.full((4, 4, 3), 5, dtype=torch.uint8))


def test_a_share_of_the_pictures_is_seen_closer_and_all_of_the_crop_lies_inside() -> None:
    length, top, left = Augmentation(zoom_share=0.25, zoom=2.0).draw_crops(4000, rng()).T
    assert (length < 1).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert 0.5 <= length.min() < 0.51
    for edge in (top, left):
        assert edge.min() >= 0
        assert (edge + length).max() <= 1.0001
    assert top.max() > 0.4


@pytest.mark.parametrize(
    "arguments",
    [
        {"share": 1.5},
        {"exposure": (1.0, -1.0)},
        {"slope": -1.0},
        {"zoom_share": -0.1},
        {"zoom": 0.5},
    ],
)
def test_senseless_limits_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="augmentation"):
        Augmentation(**arguments)  # type: ignore[arg-type]
