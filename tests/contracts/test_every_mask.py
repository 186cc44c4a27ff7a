"""What every kind of hole promises, whatever its limits."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from restauro.masks import BoxLimits, HoleLimits, StrokeLimits, boxes, draw_holes, strokes

BOX = BoxLimits(height=(0.1, 0.4), width=(0.2, 0.6), spread=1.0)
STROKES = StrokeLimits(count=(1, 4), width=(0.05, 0.2), length=(0.1, 0.4), num_pieces=5)
KINDS = {
    "boxes": partial(boxes, BOX),
    "strokes": partial(strokes, STROKES),
    "mixture": partial(draw_holes, HoleLimits(BOX, STROKES, stroke_share=0.5)),
}
SIZES = [(37, 50), (50, 37), (128, 128), (16, 64)]
shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: (min(pair), max(pair)))


def rng_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def check_holes(holes: Tensor, batch_size: int, size: tuple[int, int]) -> None:
    assert holes.shape == (batch_size, 1, *size)
    assert holes.dtype == torch.bool
    assert holes.flatten(start_dim=1).any(dim=1).all(), "a picture has no hole"
    assert not holes.flatten(start_dim=1).all(dim=1).any(), "a picture has nothing known"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_has_a_hole_and_something_known(kind: str, size: tuple[int, int]) -> None:
    check_holes(KINDS[kind](64, size, rng_of(0)), 64, size)


@pytest.mark.parametrize("kind", KINDS)
def test_same_generator_gives_same_holes(kind: str) -> None:
    first, again, other = (KINDS[kind](16, (37, 50), rng_of(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_a_batch_have_different_holes(kind: str) -> None:
    holes = KINDS[kind](16, (64, 64), rng_of(0))
    assert len({hole.numpy().tobytes() for hole in holes}) == 16


@pytest.mark.parametrize("kind", KINDS)
def test_device_may_be_named_or_given(kind: str) -> None:
    named = KINDS[kind](8, (37, 50), rng_of(0), "cpu")
    assert torch.equal(named, KINDS[kind](8, (37, 50), rng_of(0), torch.device("cpu")))
    assert named.device.type == "cpu"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_holes_are_the_same_on_a_gpu(kind: str) -> None:
    on_gpu = KINDS[kind](8, (37, 50), rng_of(0), "cuda")
    assert torch.equal(on_gpu.cpu(), KINDS[kind](8, (37, 50), rng_of(0)))


@pytest.mark.parametrize("kind", KINDS)
def test_no_side_is_preferred(kind: str) -> None:
    holes = KINDS[kind](4000, (16, 24), rng_of(0))[:, 0].float()
    share = holes.mean(dim=0)  # how often each pixel is hidden
    top, bottom = share[:8].mean(), share[8:].mean()
    left, right = share[:, :12].mean(), share[:, 12:].mean()
    # 8 %: three standard deviations, measured over seeds, of the ratio for 4000 holes
    torch.testing.assert_close(top, bottom, rtol=0.08, atol=0)
    torch.testing.assert_close(left, right, rtol=0.08, atol=0)


@settings(max_examples=50)
@given(
    size=st.tuples(st.integers(4, 40), st.integers(4, 40)),
    height=shares,
    width=shares,
    spread=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_boxes_keep_their_limits(
    size: tuple[int, int],
    height: tuple[float, float],
    width: tuple[float, float],
    spread: float,
    seed: int,
) -> None:
    holes = boxes(BoxLimits(height, width, spread), 8, size, rng_of(seed))
    check_holes(holes, 8, size)
    rows, columns = holes.any(dim=3).sum(dim=2), holes.any(dim=2).sum(dim=2)  # (B, 1)
    assert torch.equal(rows * columns, holes.sum(dim=(2, 3))), "a hole is no rectangle"
    for lengths, limits, side in ((rows, height, size[0]), (columns, width, size[1])):
        # one pixel: lengths are whole, at least 1, and a box that covers all loses a row
        assert lengths.min() >= min(limits[0] * side, side - 1) - 1
        assert lengths.max() <= max(limits[1] * side, 1) + 1


@settings(max_examples=25)
@given(
    size=st.tuples(st.integers(8, 40), st.integers(8, 40)),
    width=shares,
    length=shares,
    count=st.tuples(st.integers(1, 6), st.integers(0, 6)).map(lambda pair: (pair[0], sum(pair))),
    num_pieces=st.integers(1, 6),
    seed=st.integers(0, 2**31),
)
def test_strokes_of_any_limits_leave_a_hole_and_something_known(
    size: tuple[int, int],
    width: tuple[float, float],
    length: tuple[float, float],
    count: tuple[int, int],
    num_pieces: int,
    seed: int,
) -> None:
    limits = StrokeLimits(count, width, length, num_pieces)
    check_holes(strokes(limits, 4, size, rng_of(seed)), 4, size)
