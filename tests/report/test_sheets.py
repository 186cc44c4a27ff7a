from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from restauro.evaluation.store import Evaluation, Example, MethodRecord
from restauro.metrics import lightness
from restauro.picture.types import Image
from restauro.picture.write import write_image
from restauro.report.sheets import (
    SCALE,
    coloured,
    error_map,
    example_sheet,
    write_sheets,
)
from restauro.sheets import GAP_PX, PAPER

SIZE = (37, 50)
METHODS = [f"m{i}" for i in range(8)]
EXAMPLE = Example("box", 3, "röntgen *1*.png", "worst")


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    """One grey example; the first method makes it white, and the last gave up on it."""
    methods = [MethodRecord(name, name, None, None, None) for name in METHODS]
    made = Evaluation(tmp_path, "bank", "test", SIZE, 0, "", {}, [], methods, [], {}, [], [EXAMPLE])
    grey = np.full((*SIZE, 3), 119, dtype=np.uint8)
    made.example_path(EXAMPLE, "original").parent.mkdir(parents=True)
    for what in ("original", "damaged", *METHODS[:-1]):
        write_image(made.example_path(EXAMPLE, what), grey)
    write_image(made.example_path(EXAMPLE, "damaged"), np.full_like(grey, 200))
    write_image(made.example_path(EXAMPLE, METHODS[0]), np.full_like(grey, 255))
    return made


def tile(sheet: PIL.Image.Image, row: int, column: int) -> Image:
    """A tile of a sheet of two rows, whose pictures are drawn three times as large."""
    height, width = 3 * SIZE[0], 3 * SIZE[1]
    y = sheet.height + (row - 2) * (height + GAP_PX)  # below the labels
    x = GAP_PX + column * (width + GAP_PX)
    return np.asarray(sheet)[y : y + height, x : x + width]


def test_error_map_is_the_colour_difference() -> None:
    white, black = (np.full((*SIZE, 3), v, dtype=np.uint8) for v in (255, 0))
    assert (error_map(white, white) == SCALE[0]).all()
    assert (error_map(black, white) == SCALE[-1]).all()  # 100, far above the scale's end
    # CIEDE2000 of L* 50.03 to 51.98 at no chroma: 1.95 / S_L, S_L nearly 1
    one, other = (np.full((1, 1, 3), v, dtype=np.uint8) for v in (119, 124))
    expected = coloured(np.array([[1.95 / 40]]))
    np.testing.assert_allclose(error_map(one, other), expected, atol=1)


def test_errors_of_one_pixel_stay_there() -> None:
    target = np.full((*SIZE, 3), 90, dtype=np.uint8)
    image = target.copy()
    image[5, 40] = 200
    changed = (error_map(image, target) != SCALE[0]).any(axis=2)
    assert [tuple(place) for place in np.argwhere(changed)] == [(5, 40)]


def test_scale_gets_darker_by_equal_steps() -> None:
    colours = torch.tensor(coloured(np.linspace(0, 1, 33)[None])).permute(2, 0, 1)[None] / 255
    steps = -np.diff(lightness(colours).flatten().numpy())
    assert len(steps) == 32
    # 80 L* over 32 steps; 8-bit colours and straight lines between nine colours cost a little
    np.testing.assert_allclose(steps, 2.5, atol=0.7)


def test_sheet_shows_pictures_and_their_errors(evaluation: Evaluation) -> None:
    sheet = example_sheet(evaluation, [EXAMPLE], METHODS[:2])
    assert (tile(sheet, 0, 0) == 200).all()  # damaged
    assert (tile(sheet, 0, 1) == 255).all()
    assert (tile(sheet, 0, 2) == 119).all()
    assert (tile(sheet, 0, 3) == 119).all()  # original
    white, grey = (np.full((1, 1, 3), value, dtype=np.uint8) for value in (255, 119))
    assert (tile(sheet, 1, 1) == error_map(white, grey)).all()
    assert (tile(sheet, 1, 2) == SCALE[0]).all()


def test_method_that_gave_up_has_empty_tiles(evaluation: Evaluation) -> None:
    sheet = example_sheet(evaluation, [EXAMPLE], METHODS[-1:])
    assert (tile(sheet, 0, 1) == PAPER).all()
    assert (tile(sheet, 1, 1) == PAPER).all()


def test_many_methods_make_several_sheets(evaluation: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    first, second = write_sheets(evaluation, "box", folder)
    assert [first.path.name, second.path.name] == ["box_worst.webp", "box_worst_2.webp"]
    assert first.title == ""
    assert second.title.startswith("Worst")
    assert "röntgen *1*.png" in second.note
    widths = []
    for name in ("box_worst.webp", "box_worst_2.webp"):
        with PIL.Image.open(folder / name) as picture:
            widths.append(picture.width)
    assert widths[0] - widths[1] == 4 * (3 * SIZE[1] + GAP_PX)  # six methods and two


def test_key_shows_the_scale_from_end_to_end(evaluation: Evaluation, tmp_path: Path) -> None:
    write_sheets(evaluation, "box", tmp_path)
    with PIL.Image.open(tmp_path / "box_worst.webp") as picture:
        whole = np.asarray(picture.convert("RGB")).astype(int)
    below = whole[example_sheet(evaluation, [EXAMPLE], METHODS[:6]).height :]
    for colour in (SCALE[0], SCALE[4], SCALE[-1]):
        assert np.abs(below - colour).sum(axis=2).min() < 30, colour  # WebP blurs a little


def test_task_without_examples_has_no_sheets(evaluation: Evaluation, tmp_path: Path) -> None:
    assert write_sheets(evaluation, "irregular", tmp_path) == []
