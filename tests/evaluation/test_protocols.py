from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restauro.errors import BadImageError, UnknownNameError
from restauro.evaluation.hole_shapes import UNITS_PER_PIXEL, draw_line
from restauro.evaluation.protocols import ratio_bin, ratio_bins
from restauro.picture.types import Mask, Size
from restauro.registry import PROTOCOLS

CONFIGS = Path(__file__).parents[2] / "configs"
SIZES = [(37, 50), (50, 37), (128, 128), (16, 64), (200, 120)]
LAMA = ["lama_medium", "lama_thick", "lama_thin"]
RANDOM = ["box", "free_form", "irregular", *LAMA, "large", "mmagic_box", "report"]

# SHA-256 of the first eight holes with seed 0, x86-64 Linux, NumPy 2.4: they must never change
# without a new version of the protocol.
STORED = {
    "box": {
        (128, 128): "b0d26ff031d8b679627c23bd6b589b05b4c3b549e3abfc852ffaa8155533a7c7",
        (37, 50): "ed8c12a8ef422b07f886969442afc30fe73ce130f46e5376c9f4d770f06f055d",
    },
    "centre": {
        (128, 128): "368e62aefbb76499fa570aa565184c1c8ff66be916692b62017f76f6c8e434bf",
        (37, 50): "a1ddc9f5b445aee5ac1ad8f98e1a44b61e8f8ee92ebb4790038ccf72288a4b77",
    },
    "free_form": {
        (128, 128): "e5261ccec7ad0c16f628d6cbd577f8a7587aad734886a26a81415724d4ad081f",
        (37, 50): "6ecb2bd3d95565ba631071ff8393d92ba548a5b205458824c3f25c27219c7db8",
    },
    "irregular": {
        (128, 128): "f93d4018ccaf6249d9410968c6163248a4fca90c547d0403d31369e495056919",
        (37, 50): "d34adb01c873bd8bb3bb6d0364f914fa2d7aecc9c29a9d1ed4a4e688c19e17ef",
    },
    "lama_medium": {
        (128, 128): "d6c6e1e075bb56b75bf1431f7c8fc3edeb0579161df278727e7ddf4fe27c0e47",
        (37, 50): "cdd2cd5beb526c21a405ceca382ed4b0893aed8702a1233807ae9c831361f0b0",
    },
    "lama_thick": {
        (128, 128): "c9358c87bddd6277a056b6df49819a3d0e761b3296c7448d5db206b200e47c03",
        (37, 50): "77591713875f66d253df73fe6840754a6b20b2e910d86ea445e0d1be5befe135",
    },
    "lama_thin": {
        (128, 128): "fca5774f1f73acb4abf4a4d9c2ae84c2a8600baea823215a87a1bc2276ea9c8c",
        (37, 50): "81cd4ddc7704d80fe1b2676103f79276722288fccec52a412ed189aa28465fca",
    },
    "large": {
        (128, 128): "6def4f4b6584573ac4b61ee132d31327339a68b6f178229321c1673b79e20126",
        (37, 50): "cb7200029a55e9ea008ee96d4086b951ecf6cbdddb5a093816fad654244685b5",
    },
    "mmagic_box": {
        (128, 128): "11d187858aabfbc952f48caf77ee65d6badae2933d1356634e6003076fddb8ac",
        (37, 50): "b3a89ab14aaca64c1b8d8013a677180d119d395f8e4e8a44ab0e8c556c647717",
    },
    "report": {
        (128, 128): "9f330d0a088880f5bba74ca8c36c429ad4c3ebc2bb32c3165d4197f4c5218fda",
        (37, 50): "01202c54fbab4ba1e23ca85e050168c95d5ee6fbd1e7bb0122f391b21e7ffd64",
    },
}


def sides_of(holes: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths, (B,) each, of holes (B, H, W) that are boxes."""
    rows, columns = holes.any(axis=2).sum(axis=1), holes.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(rows * columns, holes.sum(axis=(1, 2)), "a hole is no box")
    return rows, columns


def is_of_boxes(hole: Mask) -> bool:
    """Whether all its edges are straight: few rows and columns are unlike the one before."""
    return all(
        int((np.diff(turned.astype(int), axis=0) != 0).any(axis=1).sum()) <= 6
        for turned in (hole, hole.T)
    )


def test_every_protocol_has_stored_holes() -> None:
    assert sorted(STORED) == PROTOCOLS.names()


@pytest.mark.parametrize("size", [(128, 128), (37, 50)])
@pytest.mark.parametrize("name", STORED)
def test_holes_are_equal_on_every_platform(name: str, size: Size) -> None:
    assert PROTOCOLS.create(name).holes_sha256(size) == STORED[name][size]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_every_picture_has_a_hole_and_something_known(name: str, size: Size) -> None:
    holes = PROTOCOLS.create(name).holes(size, range(40))
    assert holes.shape == (40, *size)
    assert holes.dtype == np.bool_
    assert holes.any(axis=(1, 2)).all()
    assert not holes.all(axis=(1, 2)).any()


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_hole_does_not_depend_on_the_other_pictures(name: str) -> None:
    protocol = PROTOCOLS.create(name)
    indices = [5, 1300, 2, 9]
    together = protocol.holes((37, 50), indices, seed=3)
    for index, hole in zip(indices, together, strict=True):
        np.testing.assert_array_equal(protocol.hole((37, 50), index, seed=3), hole)


@pytest.mark.parametrize("name", RANDOM)
def test_pictures_and_seeds_have_different_holes(name: str) -> None:
    protocol = PROTOCOLS.create(name)
    pairs = [(seed, index) for seed in range(3) for index in range(3)]
    holes = {protocol.hole((128, 128), index, seed).tobytes() for seed, index in pairs}
    assert len(holes) == len(pairs)


def test_box_has_the_sides_and_the_margin_of_its_definition() -> None:
    holes = PROTOCOLS.create("box").holes((128, 128), range(3000))
    rows, columns = sides_of(holes)
    assert (rows.min(), rows.max()) == (44, 64)
    assert (columns.min(), columns.max()) == (44, 64)
    assert not np.array_equal(rows, columns)
    for sides in (holes.any(axis=(0, 1)), holes.any(axis=(0, 2))):
        assert np.flatnonzero(sides).tolist() == list(range(10, 118))


def test_box_is_scaled_to_each_side_of_its_own() -> None:
    rows, columns = sides_of(PROTOCOLS.create("box").holes((64, 256), range(2000)))
    assert (rows.min(), rows.max()) == (22, 32)
    assert (columns.min(), columns.max()) == (88, 128)


def test_mmagic_box_cuts_only_half_of_the_delta() -> None:
    rows, columns = sides_of(PROTOCOLS.create("mmagic_box").holes((256, 256), range(2000)))
    assert (rows.min(), rows.max()) == (108, 128)
    assert (columns.min(), columns.max()) == (108, 128)


def test_mmagic_box_lies_where_mmagic_puts_it() -> None:
    holes = PROTOCOLS.create("mmagic_box").holes((256, 256), range(2000))
    rows = np.flatnonzero(holes.any(axis=(0, 2)))
    assert (rows[0], rows[-1]) == (20, 234)  # tops 20 to 107, then 128 rows


def test_centre_is_the_middle_quarter_of_the_area() -> None:
    expected = np.zeros((40, 60), dtype=bool)
    expected[10:30, 15:45] = True
    np.testing.assert_array_equal(PROTOCOLS.create("centre").hole((40, 60), 7), expected)


def test_large_covers_three_quarters_of_each_side_anywhere() -> None:
    holes = PROTOCOLS.create("large").holes((64, 128), range(500))
    rows, columns = sides_of(holes)
    assert set(rows) == {48}
    assert set(columns) == {96}
    assert holes[:, 0, :].any()
    assert holes[:, :, -1].any()


def test_report_has_the_last_limits_of_the_reference_curriculum() -> None:
    config = tomllib.loads((CONFIGS / "reference_512.toml").read_text())
    limits = config["curriculum"]["end"]["box"]
    assert limits["spread"] == 1.0
    holes = PROTOCOLS.create("report").holes((128, 128), range(2000))
    rows, columns = sides_of(holes)
    for sides, shares in ((rows, limits["height"]), (columns, limits["width"])):
        assert [sides.min(), sides.max()] == [round(share * 128) for share in shares]
    assert holes.any(axis=(0, 1)).all()
    assert holes.any(axis=(0, 2)).all()


@pytest.mark.parametrize("size", SIZES)
def test_strokes_cover_15_to_65_percent(size: Size) -> None:
    ratios = [hole.mean() for hole in PROTOCOLS.create("irregular").holes(size, range(60))]
    assert min(ratios) > 0.15
    assert max(ratios) < 0.65
    assert max(ratios) - min(ratios) > 0.2


@pytest.mark.parametrize("size", SIZES)
def test_free_form_covers_50_to_90_percent_at_the_edges_too(size: Size) -> None:
    holes = PROTOCOLS.create("free_form").holes(size, range(60))
    ratios = [hole.mean() for hole in holes]
    assert 0.5 < min(ratios) < 0.6
    assert 0.85 < max(ratios) < 0.9
    assert 0.45 < holes[:, 0].mean() < 0.7, "boxes and strokes reach the edges, less often"


@pytest.mark.parametrize(("name", "num_strokes"), [("lama_thin", 120), ("lama_thick", 70)])
def test_lama_masks_are_strokes_or_sometimes_boxes(name: str, num_strokes: int) -> None:
    holes = PROTOCOLS.create(name).holes((128, 128), range(120))
    assert holes.mean(axis=(1, 2)).max() < 0.5
    straight = [is_of_boxes(hole) for hole in holes]
    assert 120 - sum(straight) >= num_strokes
    assert any(straight) == (name == "lama_thick")


def test_lama_boxes_keep_their_margin() -> None:
    holes = PROTOCOLS.create("lama_thick").holes((256, 256), range(60))
    boxes = [hole for hole in holes if is_of_boxes(hole)]
    assert len(boxes) > 5
    for hole in boxes:
        inside = np.zeros_like(hole)
        inside[10:-10, 10:-10] = True
        assert not (hole & ~inside).any()
        assert hole.any(axis=1).sum() >= 30


@pytest.mark.parametrize("name", ["box", "large", "report"])
def test_no_side_is_preferred(name: str) -> None:
    share = PROTOCOLS.create(name).holes((32, 48), range(4000)).mean(axis=0)
    # 3 %: four standard deviations, 0.5 / sqrt(4000) of a share of about a third
    assert share[:16].mean() == pytest.approx(share[16:].mean(), rel=0.03)
    assert share[:, :24].mean() == pytest.approx(share[:, 24:].mean(), rel=0.03)


def test_line_covers_the_pixels_within_its_radius() -> None:
    mask = np.zeros((5, 9), dtype=bool)
    half = UNITS_PER_PIXEL // 2
    start, end = [(2 * UNITS_PER_PIXEL + half, x * UNITS_PER_PIXEL + half) for x in (2, 6)]
    draw_line(mask, start, end, UNITS_PER_PIXEL)
    expected = np.zeros((5, 9), dtype=bool)
    expected[1, 2:7] = expected[2, 1:8] = expected[3, 2:7] = True  # one pixel beyond, round ends
    np.testing.assert_array_equal(mask, expected)


def test_line_agrees_with_distances_in_floats() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        (start, end), radius = rng.integers(-10_000, 40_000, (2, 2)).tolist(), 3001
        mask = np.zeros((40, 50), dtype=bool)
        draw_line(mask, tuple(start), tuple(end), radius)
        centres = (np.moveaxis(np.mgrid[:40, :50], 0, -1) + 0.5) * UNITS_PER_PIXEL
        step = np.subtract(end, start)
        share = ((centres - start) @ step / (step @ step)).clip(0, 1)
        distance = np.linalg.norm(centres - start - share[..., None] * step, axis=-1)
        np.testing.assert_array_equal(mask, distance <= radius)


@pytest.mark.parametrize("name", ["box", "irregular", "centre", "free_form"])
def test_picture_that_is_too_small_is_refused(name: str) -> None:
    with pytest.raises(BadImageError, match="use larger pictures"):
        PROTOCOLS.create(name).hole((1, 1), 0)


def test_unknown_protocol_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'irregular'"):
        PROTOCOLS.create("iregular")


def test_hash_names_the_task() -> None:
    protocol = PROTOCOLS.create("box")
    pictures = {3: "a.png", 8: "b.png"}
    name = protocol.hash((128, 128), pictures, "bank")
    assert len(name) == 12
    assert protocol.hash((128, 128), {8: "b.png", 3: "a.png"}, "bank") == name
    others = [
        protocol.hash((128, 64), pictures, "bank"),
        protocol.hash((128, 128), pictures, "other bank"),
        protocol.hash((128, 128), pictures, "bank", seed=1),
        protocol.hash((128, 128), {3: "a.png"}, "bank"),
        protocol.hash((128, 128), {3: "a.png", 9: "b.png"}, "bank"),
        protocol.hash((128, 128), {3: "a.png", 8: "c.png"}, "bank"),
        PROTOCOLS.create("report").hash((128, 128), pictures, "bank"),
    ]
    assert len({name, *others}) == len(others) + 1


def test_hash_is_the_same_for_numbers_of_numpy() -> None:
    protocol = PROTOCOLS.create("centre")
    rows: list[Any] = list(np.arange(2))
    name = protocol.hash((8, 8), dict.fromkeys(rows, "x"), "")
    assert name == protocol.hash((8, 8), {0: "x", 1: "x"}, "")


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.0, "0-10 %"),
        (0.0999, "0-10 %"),
        (0.1, "10-20 %"),
        (3 / 10, "30-40 %"),
        (0.5625, "50-60 %"),
        (0.6, "60-100 %"),
        (1.0, "60-100 %"),
    ],
)
def test_ratio_falls_into_its_bin(ratio: float, expected: str) -> None:
    assert ratio_bin(ratio) == expected
    assert expected in ratio_bins()
