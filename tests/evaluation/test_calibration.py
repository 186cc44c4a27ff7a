"""What a filler may promise of its fills, and whether it keeps that on other pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

import restauro
from restauro.cli import cli
from restauro.data.bank import Bank
from restauro.errors import BadDataError, BadModelError, OutputExistsError
from restauro.evaluation.calibration import (
    DOUBT,
    calibrate,
    chance_of,
    drawn,
    kept_promises,
    restorations,
    trust_sheet,
)
from restauro.fill.filler import Filler
from restauro.fill.trust import Calibration
from restauro.sheets import GAP_PX, show_hole
from tinyfolders import textured, write_bank

MakeModel = Callable[..., Path]
NUM_VAL, NUM_TEST = 240, 150


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Half of the pictures have less contrast: what is flat, the mean fills with less error."""
    images = textured(NUM_VAL + NUM_TEST, (32, 40))
    images[::2] = images[::2] // 8 + 100
    splits = ["val"] * NUM_VAL + ["test"] * NUM_TEST
    return Bank.open(write_bank(tmp_path_factory.mktemp("banks") / "b", images, split=splits))


@pytest.fixture(scope="module")
def mean() -> Filler:
    return restauro.load("mean")


@pytest.fixture(scope="module")
def calibration(mean: Filler, bank: Bank) -> Calibration:
    return calibrate(mean, bank, drawn(bank, "val", NUM_VAL, 0), threshold=30)


def test_promises_are_kept_on_other_pictures(
    mean: Filler, bank: Bank, calibration: Calibration
) -> None:
    rows = drawn(bank, "test", NUM_TEST, 0)
    kept = kept_promises(mean, calibration, bank, rows).values
    right, inside = np.nanmean(kept["right"]), kept["inside"].mean()
    assert kept["all right"].mean() < 0.8  # so that trust has something to leave out
    # 150 pictures tell a mean of 90 % to 2 points; a calibration of 160 is as careful
    assert 0.87 < right < 0.98
    assert 0.87 < inside < 0.98
    assert 0.2 < kept["trusted"].mean() < 0.8
    assert kept["width"][rows % 2 == 1].mean() > 2 * kept["width"][rows % 2 == 0].mean()


def test_other_promises_are_other_calibrations(
    mean: Filler, bank: Bank, calibration: Calibration
) -> None:
    bolder = calibrate(mean, bank, drawn(bank, "val", NUM_VAL, 0), threshold=30, promise=0.7)
    assert bolder.most_expected > calibration.most_expected
    assert bolder.stretch < calibration.stretch


def test_nothing_is_trusted_where_nothing_is_right(mean: Filler, bank: Bank) -> None:
    rows = drawn(bank, "val", NUM_VAL, 0)
    never = calibrate(mean, bank, rows, threshold=0)
    assert never.most_expected == 0
    assert kept_promises(mean, never, bank, rows[:60]).values["trusted"].max() == 0


def test_sheet_shows_what_is_trusted(mean: Filler, bank: Bank, calibration: Calibration) -> None:
    trials = list(restorations(mean, bank, drawn(bank, "test", NUM_TEST, 0)[:8]))
    shares = [calibration.trust(one.restored, one.hole).mean() for one in trials]
    one = trials[int(np.argmax(shares))]
    trusted = calibration.trust(one.restored, one.hole)
    assert trusted.any()
    page = np.asarray(trust_sheet(calibration, [one]))
    tile = page[-GAP_PX - 32 : -GAP_PX, -GAP_PX - 40 : -GAP_PX]
    assert_array_equal(tile, show_hole(one.restored, one.hole & ~trusted))
    error = page[-GAP_PX - 32 : -GAP_PX, -2 * GAP_PX - 80 : -2 * GAP_PX - 40, 0]
    assert (error[~one.hole] == 255).all()
    expected = (255 - 4 * one.errors.mean(axis=1)).clip(0)
    assert_allclose(error[one.hole], expected, atol=1)


def test_low_losses_are_seldom_luck() -> None:
    """Of means that are too high, no more than the doubt pass; of low ones all."""
    rng = np.random.default_rng(0)
    chances = [chance_of((rng.random(200) < 0.1).astype(float), 0.1) for _ in range(400)]
    assert np.mean(np.array(chances) <= DOUBT) <= DOUBT
    assert chance_of(np.full(200, 0.05), 0.1) < DOUBT
    assert chance_of(np.zeros(200), 0.1) < 1e-6
    assert chance_of(np.full(200, 0.3), 0.1) == 1


def test_too_few_pictures_are_refused(bank: Bank) -> None:
    with pytest.raises(BadDataError, match="20 pictures of .*:val are too few .* 60 or more"):
        drawn(bank, "val", 20, 0)


def test_calibrated_model_tells_what_to_trust(
    make_model: MakeModel, bank: Bank, tmp_path: Path
) -> None:
    model = make_model("mean", name="mine")
    picture, hole = tmp_path / "in.png", np.zeros((32, 40), dtype=bool)
    hole[5:20, 8:30] = True
    PIL.Image.fromarray(bank.images[0]).save(picture)
    PIL.Image.fromarray(hole).save(tmp_path / "mask.png")
    inpaint = ["inpaint", picture, tmp_path / "mask.png", tmp_path / "out.png", "--model", model]
    inpaint += ["--trust", tmp_path / "trust.png", "--force"]
    with pytest.raises(BadModelError, match="'mine' has no calibration.* or take faces"):
        run(*inpaint)
    assert not (tmp_path / "out.png").exists()
    arguments = ["calibrate", model, "--data", bank.path, "--threshold", 30, "--limit", NUM_VAL]
    path = model.with_suffix(".trust.json")
    assert f"wrote {path}" in run(*arguments)
    with pytest.raises(OutputExistsError, match="--force"):
        run(*arguments)
    assert f"wrote {tmp_path / 'trust.png'}" in run(*inpaint)
    trusted = np.asarray(PIL.Image.open(tmp_path / "trust.png"))
    expected = restauro.load(model).trust(bank.images[0], hole)
    assert_array_equal(trusted > 0, expected)
    assert "all  " in run("calibrate", model, "--data", bank.path, "--check")
    content = json.loads(path.read_text())
    assert content["pictures"] == f"{NUM_VAL} of b, seed 0"
    with pytest.raises(OutputExistsError, match="in.png is an input and is kept"):
        run(*inpaint[:-2], picture, "--force")
    many = ["inpaint", picture, "--mask", tmp_path / "mask.png", "-o", tmp_path / "many"]
    assert "--trust is for one picture" in run(*many, *inpaint[4:])


def run(*words: object) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    return result.output
