from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from smoothpictures import MODES, ORIENTATION, SIZE, grey, hole, mean, picture

import restauro
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.auto import SIDE, SUBJECTS, AutoFiller, seen, small_copy
from restauro.fill.catalogue import cache_dir
from restauro.fill.compose import damaged
from restauro.picture.read import upright

MakeModel = Callable[..., Path]
SAMPLES = Path(restauro.__file__).parent / "samples"


def among(*names: str) -> AutoFiller:
    """What chooses among models of these names: `faces` fills with grey, the others with means."""
    methods = {name: grey if name == "faces" else mean for name in names}
    return AutoFiller({name: ArrayFiller(name, method) for name, method in methods.items()})


@pytest.fixture
def _looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"faces": 0.2, "aircraft": 0.1, "photos": 0.7}
    monkeypatch.setattr("restauro.fill.auto.likelihoods", lambda seen: found)


@pytest.mark.usefixtures("_looks_like")
@pytest.mark.parametrize(
    ("names", "remark"),
    [
        (
            ("faces", "aircraft", "photos"),
            "took photos: it looks most like a photograph (0.70; faces 0.20, aircraft 0.10)",
        ),
        (
            ("photos", "faces"),
            "took photos: it looks most like a photograph (0.70; faces 0.20)",
        ),
        (
            ("aircraft", "faces"),
            "took faces: it looks most like a face (0.20; aircraft 0.10)",
        ),
        (("aircraft",), "took aircraft: it looks most like an aircraft (0.10)"),
    ],
)
def test_the_likeliest_of_those_that_are_there_is_taken_and_told(
    names: tuple[str, ...], remark: str
) -> None:
    filled = among(*names).fill(picture(), hole())
    assert (filled.model, filled.remark) == (remark.split()[1][:-1], remark)
    assert (np.asarray(filled.picture)[hole()] == 128).all() == (filled.model == "faces")


@pytest.mark.parametrize("mode", MODES)
def test_any_mode_can_be_looked_at(mode: str) -> None:
    filled = among(*SUBJECTS).fill(picture(mode), hole())
    assert filled.picture.mode == mode
    assert filled.remark.startswith("took ")


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("astronaut.png", "faces"),
        ("pearls.png", "faces"),
        ("pier.jpg", "photos"),
        ("valley.jpg", "photos"),
    ],
)
def test_what_ships_tells_faces_from_photographs(name: str, taken: str) -> None:
    image, mask = SAMPLES / name, SAMPLES / f"{Path(name).stem}_mask.png"
    assert among(*SUBJECTS).fill(PIL.Image.open(image), mask).model == taken


def test_the_choice_does_not_depend_on_what_the_hole_hides() -> None:
    mask = hole()
    repainted = np.asarray(picture()).copy()
    repainted[mask] = 255 - repainted[mask]
    assert_array_equal(seen(damaged(picture(), mask)), seen(damaged(repainted, mask)))


def test_what_is_transparent_is_not_seen() -> None:
    """Its colour says nothing: the fillers do not see it."""
    image = np.full((*SIZE, 4), 90, dtype=np.uint8)
    looks = []
    for colour in (0, 255):
        image[:40] = (colour, colour, colour, 0)
        looks.append(seen(damaged(PIL.Image.fromarray(image), hole())))
    assert_array_equal(looks[0], looks[1])


def test_a_small_copy_averages_what_is_known() -> None:
    image = np.full((2 * SIDE, 4 * SIDE, 3), 51, dtype=np.uint8)
    known = np.ones(image.shape[:2], dtype=bool)
    known[:, : 2 * SIDE] = False
    image[~known] = 255
    copy = small_copy(image, known)
    middle = SIDE // 2
    assert_array_equal(copy[:, :, : middle - 1], 0)
    assert_allclose(copy[:3, :, middle + 1 :], 0.2)
    assert_array_equal(copy[3, :, middle + 1 :], 1)
    assert_allclose(copy[:3, :, middle], 0.2, atol=0.01)  # known in part, and no white in it
    assert (copy[3, :, middle] < 1).all()


def test_a_turned_picture_is_looked_at_as_it_is_shown() -> None:
    stored = picture()
    exif = stored.getexif()
    exif[ORIENTATION] = 6
    stored.info["exif"] = exif.tobytes()
    shown = upright(stored)
    shown.info.pop("exif")
    plain = PIL.Image.fromarray(np.asarray(shown))
    mask = np.rot90(hole(), -1)
    assert_array_equal(seen(damaged(stored, mask)), seen(damaged(plain, mask)))


def test_arrays_are_looked_at_like_pictures() -> None:
    image, mask = np.asarray(picture()), hole()
    auto = among(*SUBJECTS)
    filled, other = auto.fill(image, mask), auto.fill(picture(), mask)
    assert (filled.model, filled.remark) == (other.model, other.remark)
    assert_array_equal(filled.picture[~mask], image[~mask])
    batch = auto.batch(np.stack([image, image]), np.stack([mask, mask]))
    assert_array_equal(batch[1], filled.picture)


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (1, 300), (7, 2000), (300, 900), (900, 300)])
def test_any_size_can_be_looked_at(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = np.zeros(size, dtype=bool)
    mask[size[0] // 2 :, size[1] // 2 :] = True
    filled = among(*SUBJECTS).fill(image, mask)
    assert_array_equal(filled.picture[~mask], image[~mask])


def test_a_picture_without_a_hole_comes_back() -> None:
    filled = among("aircraft", "photos").fill(picture(), np.zeros(SIZE, dtype=bool))
    assert_array_equal(np.asarray(filled.picture), np.asarray(picture()))
    assert filled.remark == ""


def test_models_of_users_are_no_candidates(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_dir().mkdir(parents=True)
    make_model("mean").rename(cache_dir() / "mine.onnx")
    assert restauro.load("mine").members
    names = [member.name for member in restauro.load("auto").members]
    assert names
    assert set(names) <= set(SUBJECTS)
