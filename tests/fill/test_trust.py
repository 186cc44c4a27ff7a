"""What of a hole is trusted, whatever picture it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

import restauro
from restauro.errors import BadModelError
from restauro.fill.auto import AutoFiller
from restauro.fill.filler import Filler
from restauro.fill.trust import (
    NUM_FEATURES,
    Calibration,
    calibration_of,
    calibrations_of,
    identity_of,
)
from restauro.picture.formats import PNG, encode
from restauro.restore import restore

MakeModel = Callable[..., Path]
BY_CONTRAST = (3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
"""Weights by which the error grows with the contrast 2 pixels around alone."""


@pytest.fixture
def calibrated(make_model: MakeModel) -> Filler:
    filler = restauro.load(make_model("seen"))
    calibration_for(filler).save(filler.files[0].with_suffix(".trust.json"))
    return filler


def calibration_for(filler: Filler) -> Calibration:
    return Calibration(identity_of(filler), 32, BY_CONTRAST, 25.0, 1.0, 2.0, 0.9, "none")


def half_flat(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Grey at the left, noise at the right."""
    image = np.full((height, width, 3), 120, dtype=np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (height, width - width // 2, 3))
    image[:, width // 2 :] = noise
    return image


def test_restless_parts_are_not_trusted() -> None:
    hole = np.zeros((32, 48), dtype=bool)
    hole[8:24, 4:44] = True
    calibration = Calibration("none", 32, BY_CONTRAST, 25.0, 1.0, 2.0, 0.9, "none")
    image = half_flat(32, 48)
    trusted = calibration.trust(image, hole)
    assert trusted[8:24, 4:20].all()
    assert not trusted[8:24, 28:].any()
    assert not trusted[~hole].any()
    lower, upper = calibration.interval(image, hole)
    assert_array_equal(lower[~hole], image[~hole])
    assert_array_equal(upper[~hole], image[~hole])
    assert (lower[hole] <= image[hole]).all()
    assert (upper[hole] >= image[hole]).all()
    width = upper.astype(int) - lower
    assert width[8:24, 30:42].mean() > 5 * width[8:24, 4:18].mean()


def test_a_large_hole_is_looked_at_in_a_smaller_copy() -> None:
    """Five times larger in all: the same errors are expected."""
    hole = np.zeros((32, 48), dtype=bool)
    hole[4:28, 8:40] = True
    calibration = Calibration("none", 32, BY_CONTRAST, 25.0, 1.0, 2.0, 0.9, "none")
    image = half_flat(32, 48)
    expected = calibration.expected_error(image, hole)[hole]
    enlarged, hole = (np.repeat(np.repeat(x, 5, axis=0), 5, axis=1) for x in (image, hole))
    found = calibration.expected_error(enlarged, hole)[2::5, 2::5][hole[2::5, 2::5]]
    assert np.abs(np.log(found / expected)).mean() < 0.3


def test_far_holes_are_looked_at_one_by_one() -> None:
    hole = np.zeros((40, 400), dtype=bool)
    hole[10:20, 5:25] = hole[10:20, 380:395] = True
    calibration = Calibration("none", 32, BY_CONTRAST, 25.0, 1.0, 2.0, 0.9, "none")
    assert_array_equal(
        calibration.trust(half_flat(40, 400), hole)[10], hole[10] & (np.arange(400) < 200)
    )


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16", "LA", "CMYK"])
def test_any_picture_can_be_asked_about(calibrated: Filler, mode: str) -> None:
    """Turned by its tag, too: what is trusted is that of the picture as a viewer shows it."""
    shown = PIL.Image.fromarray(half_flat(32, 48)).convert("L" if mode == "I;16" else mode)
    picture = shown.convert(mode).transpose(PIL.Image.Transpose.ROTATE_90)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture.info["exif"] = exif.tobytes()
    hole = np.zeros((32, 48), dtype=bool)
    hole[8:24, 4:12] = hole[8:24, 36:44] = True
    trusted = calibrated.trust(picture, hole)
    assert trusted.shape == hole.shape
    assert trusted[10:22, 6:10].all()
    lower, upper = calibrated.interval(picture, hole)
    assert lower.shape == upper.shape == (32, 48, 3)


def test_arrays_and_growing_holes_can_be_asked_about(calibrated: Filler) -> None:
    grey = half_flat(32, 48)[..., :1]
    hole = np.zeros((32, 48), dtype=bool)
    hole[8:16, 4:12] = True
    assert calibrated.trust(grey, hole)[8:16, 4:12].all()
    assert calibrated.trust(grey, hole, grow=2).sum() == 12 * 12
    assert not calibrated.trust(grey, np.zeros_like(hole)).any()


def test_only_the_fillers_own_calibration_counts(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    filler = restauro.load(make_model("seen", name="mine"))
    beside = filler.files[0].with_suffix(".trust.json")
    own = calibration_for(filler)
    sentence = "'mine' has no calibration, .* `restauro calibrate`, or take faces, which has one"
    for wrong in (None, replace(own, filler="mine 2 1234")):
        if wrong:
            wrong.save(beside)
        with pytest.raises(BadModelError, match=sentence):
            calibration_of(filler)
    users = tmp_path / "restauro" / "models" / "mine.trust.json"
    own.save(users)
    assert calibration_of(filler) == own
    users.unlink()
    for damaged in ("no JSON", "{}", "[]"):
        beside.write_text(damaged)
        with pytest.raises(BadModelError, match="is no calibration .* make it again with"):
            calibration_of(filler)
    assert len(own.weights) == NUM_FEATURES


@pytest.mark.parametrize("name", ["faces", "aircraft"])
def test_shipped_models_are_calibrated(name: str) -> None:
    assert calibration_of(restauro.load(name, threads=1)).promise == 0.9


def test_what_chooses_trusts_by_those_that_it_chooses_among(calibrated: Filler) -> None:
    chooser = AutoFiller({"photos": calibrated})
    assert list(calibrations_of(chooser)) == [calibrated.name]
    image, hole = half_flat(32, 48), np.zeros((32, 48), dtype=bool)
    hole[8:24, 4:12] = hole[8:24, 36:44] = True
    picture, mask = (encode(PIL.Image.fromarray(of), PNG).data for of in (image, hole))
    known = calibrations_of(chooser)
    restored = restore(picture, mask, chooser, calibrations=known)
    assert restored.model == calibrated.name
    assert_array_equal(restored.trust, calibrated.trust(image, hole))
    patch = restore(picture, mask, chooser, as_patch=True, calibrations=known)
    assert restored.trust is not None
    assert patch.trust is not None
    assert_array_equal(patch.trust, restored.trust[8:24, 4:44])
    assert restore(picture, mask, restauro.load("mean"), calibrations=known).trust is None
