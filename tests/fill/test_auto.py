from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

import restauro
from restauro.errors import BadImageError
from restauro.fill.auto import BestModel, OneModel, errors_beside, on_pictures
from restauro.images import Image, Mask, upright

MakeModel = Callable[..., Path]
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"]
SIZE = (137, 150)
ORIENTATION = 0x0112


def hole(size: tuple[int, int] = SIZE) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[50:70, 100:] = True
    mask[3, 1:4] = True
    return mask


def picture(mode: str = "RGB") -> PIL.Image.Image:
    """Smooth, so that methods of all kinds have something to go by."""
    down, right = np.meshgrid(*(np.linspace(0, 200, side) for side in SIZE), indexing="ij")
    image = np.stack([down, right, 255 - down], axis=2).astype(np.uint8)
    if mode == "I;16":
        return PIL.Image.fromarray((down * 250).astype(np.uint16))
    return PIL.Image.fromarray(image).convert(mode)


def grey(image: Image, mask: Mask) -> Image:
    """A method that paints the whole picture grey, known pixels too."""
    return np.full_like(image, 128)


def mean(image: Image, mask: Mask) -> Image:
    return np.broadcast_to(image[~mask].mean(axis=0), image.shape).astype(np.uint8)


def ramp(image: Image, mask: Mask) -> Image:
    """What `picture` is: right in the whole picture, so long as it sees all rows and columns."""
    return np.asarray(picture())


@pytest.mark.parametrize("mode", MODES)
def test_methods_for_arrays_keep_mode_and_known_pixels_of_pictures(mode: str) -> None:
    given = picture(mode)
    given.info["dpi"] = (72, 72)
    result = on_pictures(grey)(given, hole())
    assert (result.mode, result.size, result.info["dpi"]) == (mode, given.size, (72, 72))
    before, after = np.asarray(given), np.asarray(result)
    assert_array_equal(after[~hole()], before[~hole()])
    assert (after[hole()] != before[hole()]).any()


@pytest.mark.parametrize("mode", MODES)
def test_methods_for_arrays_do_not_see_what_the_hole_hides(mode: str) -> None:
    given = picture(mode)
    repainted = given.copy()
    repainted.paste(
        given.transpose(PIL.Image.Transpose.ROTATE_180), mask=PIL.Image.fromarray(hole())
    )
    first, second = (on_pictures(mean)(one, hole()) for one in (given, repainted))
    assert_array_equal(np.asarray(first), np.asarray(second))


def test_methods_for_arrays_work_upright_and_give_the_picture_back_as_stored() -> None:
    stored = picture()
    stored.getexif()[ORIENTATION] = 6
    shown_hole = np.rot90(hole(), -1)
    result = on_pictures(grey)(stored, shown_hole)
    assert result.size == stored.size
    grey_area = np.asarray(result)[:, :, 0] == 128
    assert_array_equal(np.asarray(result)[hole()], np.full((hole().sum(), 3), 128))
    assert grey_area[~hole()].mean() < 0.1


def test_methods_for_arrays_see_the_surroundings_of_the_hole_only() -> None:
    sizes = []

    def noted(image: Image, mask: Mask) -> Image:
        sizes.append(image.shape)
        return image

    mask = np.zeros((400, 900), dtype=bool)
    mask[200:210, 500:600] = True
    on_pictures(noted)(PIL.Image.new("RGB", (900, 400)), mask)
    assert sizes == [(64 + 10 + 64, 100 + 100 + 100, 3)]


def test_methods_for_arrays_need_something_known() -> None:
    with pytest.raises(BadImageError, match="covers the whole picture, .* or take a model"):
        on_pictures(mean)(picture(), np.ones(SIZE, dtype=bool))


def test_a_picture_without_a_hole_comes_back() -> None:
    result = on_pictures(grey)(picture(), np.zeros(SIZE, dtype=bool))
    assert_array_equal(np.asarray(result), np.asarray(picture()))


def test_errors_beside_the_hole_are_those_of_known_pixels() -> None:
    flat = PIL.Image.new("RGB", (150, 137), (90, 90, 90))
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True
    models = {
        name: OneModel(name, on_pictures(f), name)
        for name, f in {"grey": grey, "mean": mean}.items()
    }
    assert errors_beside(flat, mask, models) == {"grey": 38.0, "mean": 0.0}  # 128 - 90


def best(**methods: Callable[[Image, Mask], Image]) -> BestModel:
    return BestModel([OneModel(name, on_pictures(f), name) for name, f in methods.items()])


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "1"])
def test_the_best_model_is_taken_whatever_its_place(mode: str) -> None:
    levels = np.full(SIZE, 90, dtype=np.uint8)
    levels[0, :2] = 0, 255  # the whole range, to which wide modes are stretched
    flat = PIL.Image.fromarray(levels).convert(mode)
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True
    for methods in ({"grey": grey, "mean": mean}, {"mean": mean, "grey": grey}):
        filled = best(**methods)(flat, mask)
        assert filled.picture.mode == mode
        assert filled.model == "mean"
        assert filled.remark.startswith("took mean by the error beside the hole")


@pytest.mark.parametrize(("handicap", "taken"), [(1.2, "mean"), (1.3, "grey")])
def test_a_model_with_a_handicap_must_be_clearly_better(handicap: float, taken: str) -> None:
    flat = PIL.Image.new("RGB", (150, 137), (90, 90, 90))
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True

    def darker(image: Image, mask: Mask) -> Image:
        return np.full_like(image, 60)  # wrong by 30 levels, grey by 38

    models = [
        OneModel("grey", on_pictures(grey), "grey"),
        OneModel("mean", on_pictures(darker), "mean", handicap),
    ]
    assert BestModel(models)(flat, mask).model == taken


def test_the_choice_does_not_depend_on_what_the_hole_hides() -> None:
    mask = hole()
    repainted = np.asarray(picture()).copy()
    repainted[mask] = 255 - repainted[mask]
    remarks = [
        best(grey=grey, mean=mean)(one, mask).remark
        for one in (picture(), PIL.Image.fromarray(repainted))
    ]
    assert remarks[0] == remarks[1]


def test_without_room_beside_the_hole_the_first_model_is_taken_and_told() -> None:
    mask = np.ones(SIZE, dtype=bool)
    mask[:2] = False
    filled = best(grey=grey, mean=mean)(picture(), mask)
    assert filled.model == "grey"
    assert filled.remark == "no room beside the hole to compare models: took grey"


def test_a_turned_picture_is_compared_as_it_is_shown(make_model: MakeModel) -> None:
    stored = picture()
    exif = stored.getexif()
    exif[ORIENTATION] = 6
    stored.info["exif"] = exif.tobytes()
    toy = restauro.load(make_model())
    model = {"toy": OneModel("toy", toy, "toy")}
    shown = upright(stored)
    shown.info.pop("exif")
    plain = PIL.Image.fromarray(np.asarray(shown))
    mask = np.rot90(hole(), -1)
    assert errors_beside(stored, mask, model) == errors_beside(plain, mask, model)
