"""What everything that fills a hole promises, be it classical, learned or somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from restauro.errors import MissingExtraError
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.picture.types import Image, Mask
from restauro.registry import FILLERS
from tinyfolders import write_run

MakeModel = Callable[..., Path]
SIZE = (32, 48)  # not square, and a multiple of what the smallest network takes


def peer_description(path: Path, model: Path) -> Path:
    """Of a file that returns what it is given: whatever leaked would be in the picture."""
    (path / "peer.toml").write_text(f'name = "peer"\nfile = "{model}"\n')
    return path / "peer.toml"


@pytest.fixture(scope="module", params=[*FILLERS.names(), "exported", "peer", "run"])
def fill(
    request: pytest.FixtureRequest,
    make_model: MakeModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> Filler:
    folder = tmp_path_factory.mktemp("filler")
    if request.param == "exported":
        return load(make_model("mean"))
    if request.param == "peer":
        return load(peer_description(folder, make_model("seen", metadata={})))
    if request.param == "run":
        return load(write_run(folder))
    try:
        return load(request.param)
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def image() -> Image:
    """Smooth colours under noise, (32, 48, 3)."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    smooth = np.stack([rows * 6, 60 + rows, columns * 4], axis=2)
    noise = np.random.default_rng(0).integers(0, 40, smooth.shape)
    return (smooth + noise).astype(np.uint8)


def box_mask(*boxes: tuple[slice, slice]) -> Mask:
    mask = np.zeros(SIZE, dtype=bool)
    for rows, columns in boxes:
        mask[rows, columns] = True
    return mask


MASKS = {
    "inside": box_mask(np.s_[5:20, 8:30]),
    "edge": box_mask(np.s_[20:, 30:]),
    "side to side": box_mask(np.s_[12:20, :]),
    "one pixel": box_mask(np.s_[7:8, 9:10]),
    "several": box_mask(np.s_[:4, :6], np.s_[10:20, 20:25], np.s_[25:28, 40:]),
    "three quarters": box_mask(np.s_[:24, 6:42]),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_known_pixels_come_back_bit_for_bit(fill: Filler, image: Image, mask: Mask) -> None:
    given = image.copy()
    restored = fill(given, mask)
    assert restored.dtype == np.uint8
    assert restored.shape == image.shape
    np.testing.assert_array_equal(restored[~mask], image[~mask])
    np.testing.assert_array_equal(given, image, "the method painted on its input")


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_fill_does_not_depend_on_what_the_hole_hides(
    fill: Filler, image: Image, mask: Mask
) -> None:
    repainted = image.copy()
    repainted[mask] = 255 - repainted[mask]
    np.testing.assert_array_equal(fill(repainted, mask), fill(image, mask))


@pytest.mark.parametrize("hole", ["inside", "edge"])
def test_fill_depends_on_what_is_known(fill: Filler, image: Image, hole: str) -> None:
    mask = MASKS[hole]
    other = np.where(mask[:, :, None], image, 255 - image)
    assert not np.array_equal(fill(other, mask)[mask], fill(image, mask)[mask])


def test_mask_without_a_hole_gives_the_picture_back(fill: Filler, image: Image) -> None:
    restored = fill(image, np.zeros(SIZE, dtype=bool))
    np.testing.assert_array_equal(restored, image)
    assert not np.shares_memory(restored, image)


def test_batch_answers_as_one_by_one(fill: Filler, image: Image) -> None:
    images = np.stack([image, image[::-1], np.zeros_like(image)])
    masks = np.stack([MASKS["inside"], MASKS["edge"], np.zeros(SIZE, dtype=bool)])
    together = fill.batch(images, masks)
    alone = np.stack([fill(i, m) for i, m in zip(images, masks, strict=True)])
    # one level: another batch size adds up in another order, and .5 may round the other way
    assert np.abs(together.astype(int) - alone).max() <= 1
    np.testing.assert_array_equal(together[~masks], images[~masks])
