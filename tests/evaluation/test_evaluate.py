"""A whole evaluation of small pictures: what it writes, what it keeps, and what it survives."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from restauro.data.bank import Bank
from restauro.errors import BadDataError, ConfigError, MissingExtraError, UnknownNameError
from restauro.evaluation.evaluate import evaluate
from restauro.evaluation.plan import EvaluationPlan, choose_metrics, find_methods
from restauro.evaluation.protocols import choose_protocols
from restauro.evaluation.store import Evaluation, read_evaluation
from restauro.fill.catalogue import load
from restauro.metrics import METRICS, Comparison, scores
from restauro.registry import PROTOCOLS
from tinyfolders import textured, write_bank

NUM_PICTURES = 40  # more than one part
PIXELS = ("hole_psnr", "hole_lightness", "lightness_error", "backlight")
LIGHTENS = """
import numpy as np
from skimage.color import lab2rgb, rgb2lab

from restauro.plugins import method


@method("NAME")
def lightens(image, mask):
    colour = rgb2lab(image[~mask].mean(axis=0)[None, None] / 255)
    colour[..., 0] += 5 * (colour[..., 0] < 50)
    return np.broadcast_to(np.rint(lab2rgb(colour)[0, 0] * 255).astype(np.uint8), image.shape)
"""
GIVES_UP = """
from restauro.plugins import method


@method("NAME")
def gives_up(image, mask):
    if image[0, 0, 0] == 7:
        raise RuntimeError("the corner\\nis seven")
    return image // 2
"""
ENDS_ITS_PROCESS = """
import os
from pathlib import Path

from restauro.plugins import method

CALLS = Path(__file__).with_suffix(".calls")


@method("NAME")
def ends_its_process(image, mask):
    with CALLS.open("a") as file:
        file.write(".")
    if CALLS.stat().st_size == 50:
        os.kill(os.getpid(), 9)
    return image // 2
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = textured(NUM_PICTURES)
    images[:, 0, 0, 0] = np.where(np.isin(np.arange(NUM_PICTURES), (3, 35)), 7, 200)
    labels = {"kind": ["wave", "field"] * (NUM_PICTURES // 2)}
    return write_bank(tmp_path_factory.mktemp("banks") / "waves", images, labels)


def plan(
    bank: Path, *origins: str, metrics: tuple[str, ...] = PIXELS, **details: object
) -> EvaluationPlan:
    methods = find_methods(origins)
    protocols = tuple(choose_protocols(["box"]))
    settings: dict[str, object] = {"timing_rounds": 0, "protocols": protocols} | details
    return EvaluationPlan(bank, "test", methods, metrics=metrics, **settings)  # type: ignore[arg-type]


def run(the_plan: EvaluationPlan, output: Path, processes: int = 1) -> Evaluation:
    result = evaluate(the_plan, output, processes=processes)
    assert result is not None
    return result


def write_method(path: Path, text: str) -> str:
    """A file that registers a method under its own name, which no two tests may share."""
    path.write_text(text.replace("NAME", path.stem))
    return str(path)


def test_rows_are_what_the_metrics_say_of_each_picture(bank: Path, tmp_path: Path) -> None:
    names = tuple(name for name in choose_metrics([]) if name in METRICS)
    rows = run(plan(bank, "telea", metrics=names), tmp_path).rows("box", "telea")
    opened, box, telea = Bank.open(bank), PROTOCOLS.create("box"), load("telea")
    assert rows.names == [row["name"] for row in opened.index]
    assert rows.labels["kind"][:3] == ["wave", "field", "wave"]
    for i in (0, 39):
        hole = box.hole(opened.size, i)
        pictures = np.stack([telea(opened.images[i], hole), opened.images[i]])
        composite, target = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        mask = torch.from_numpy(hole)[None, None].float()
        expected = scores(Comparison(composite[None], target[None], mask), names)
        for name in names:
            np.testing.assert_allclose(rows.values[name][i], expected[name], rtol=2e-4, atol=2e-4)


def test_processes_change_nothing(bank: Path, tmp_path: Path) -> None:
    found = plan(bank, "telea", "mean", limit=34)
    for name, processes in (("one", 1), ("two", 2)):
        run(found, tmp_path / name, processes)
    for csv_file in (tmp_path / "one" / "rows").rglob("*.csv"):
        same = tmp_path / "two" / csv_file.relative_to(tmp_path / "one")
        assert same.read_bytes() == csv_file.read_bytes()


def test_order_of_the_pictures_changes_no_score(bank: Path, tmp_path: Path) -> None:
    """Holes go with positions, so the protocol must be one whose holes are all equal."""
    opened, order = Bank.open(bank), np.random.default_rng(1).permutation(NUM_PICTURES)
    shuffled = write_bank(tmp_path / "shuffled", np.asarray(opened.images)[order])
    protocols = tuple(choose_protocols(["centre"]))
    one = run(plan(bank, "telea", protocols=protocols), tmp_path / "one").rows("centre", "telea")
    two = run(plan(shuffled, "telea", protocols=protocols), tmp_path / "two").rows(
        "centre", "telea"
    )
    for name in PIXELS:
        np.testing.assert_array_equal(one.values[name][order], two.values[name])


def test_a_method_that_raises_is_reported_and_the_rest_goes_on(bank: Path, tmp_path: Path) -> None:
    mine = write_method(tmp_path / "gives_up.py", GIVES_UP)
    result = run(plan(bank, mine, "mean"), tmp_path / "out")
    assert [(f.method, f.picture, f.message) for f in result.failures] == [
        ("gives_up", f"{i:03d}.png", "RuntimeError: the corner") for i in (3, 35)
    ]
    rows = result.rows("box", "gives_up")
    assert list(np.flatnonzero(np.isnan(rows.values["hole_psnr"]))) == [3, 35]
    assert np.isfinite(result.rows("box", "mean").values["hole_psnr"]).all()
    with (tmp_path / "out" / "failures.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2


def test_a_planted_bias_is_found_with_its_sign_and_size(tmp_path: Path) -> None:
    """Flat pictures from black to white; the method makes the dark half 5 L* lighter."""
    greys = np.linspace(10, 245, 40).round().astype(np.uint8)
    images = np.broadcast_to(greys[:, None, None, None], (40, 32, 48, 3)).copy()
    mine = write_method(tmp_path / "lightens.py", LIGHTENS)
    bank = write_bank(tmp_path / "bank", images)
    rows = run(plan(bank, mine), tmp_path / "out").rows("box", "lightens")
    is_dark = rows.values["hole_lightness"] < 50
    errors = rows.values["lightness_error"]
    assert 10 < is_dark.sum() < 30
    np.testing.assert_allclose(errors[is_dark], 5, atol=0.25)  # 8-bit rounding
    np.testing.assert_allclose(errors[~is_dark], 0, atol=0.01)


def test_what_is_done_is_not_done_again(bank: Path, tmp_path: Path) -> None:
    first = plan(bank, "mean")
    run(first, tmp_path)
    parts = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    assert len(parts) == 2
    seen: list[tuple[int, int]] = []
    more = plan(bank, "mean", "telea")
    evaluate(more, tmp_path, processes=1, on_progress=lambda *step: seen.append(step))
    assert seen[0] == (NUM_PICTURES, 2 * NUM_PICTURES)
    assert all(path.stat().st_mtime_ns == at for path, at in parts.items())
    assert [entry.name for entry in read_evaluation(tmp_path).methods] == ["mean", "telea"]


@pytest.mark.parametrize("change", ["seed", "metrics", "pictures", "weights", "program"])
def test_what_decides_a_score_decides_its_place_in_the_cache(
    change: str, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = write_method(tmp_path / f"halves_{change}.py", GIVES_UP)
    run(plan(bank, f"mine={halves}"), tmp_path / "out")
    before = set((tmp_path / "out").rglob("*.npz"))
    mine, details = halves, dict[str, object]()
    if change == "seed":
        details["seed"] = 1
    elif change == "metrics":
        details["metrics"] = (*PIXELS, "seam")
    elif change == "pictures":
        bank = write_bank(tmp_path / "other", textured(NUM_PICTURES, (44, 40)))
    elif change == "program":
        monkeypatch.setattr(importlib.metadata, "version", lambda name: "another")
    else:
        mine = write_method(tmp_path / "thirds.py", GIVES_UP.replace("// 2", "// 3"))
    run(plan(bank, f"mine={mine}", **details), tmp_path / "out")  # type: ignore[arg-type]
    after = set((tmp_path / "out").rglob("*.npz")) - before
    assert len(after) == 2


def test_killed_and_started_again_ends_the_same(bank: Path, tmp_path: Path) -> None:
    """At the method's fiftieth picture: `box` is done, and a part of `large` begun."""
    mine = write_method(tmp_path / "mine.py", ENDS_ITS_PROCESS)
    command = [sys.executable, "-m", "restauro", "evaluate", "--data", str(bank), "--jobs", "1"]
    command += ["--methods", f"mean,{mine}", "--protocol", "box,large"]
    command += ["--metrics", ",".join(PIXELS), "--timing-rounds", "0"]
    killed = subprocess.run([*command, "-o", str(tmp_path / "killed")], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert list((tmp_path / "killed").rglob("*.npz"))
    for folder in ("killed", "whole"):
        subprocess.run([*command, "-o", str(tmp_path / folder)], check=True, capture_output=True)
    for csv_file in (tmp_path / "whole" / "rows").rglob("*.csv"):
        same = tmp_path / "killed" / csv_file.relative_to(tmp_path / "whole")
        assert same.read_bytes() == csv_file.read_bytes()


def test_exposures_darken_the_same_pictures(bank: Path, tmp_path: Path) -> None:
    protocols = tuple(choose_protocols(["box"], [-1, -2]))
    result = run(plan(bank, "mean", protocols=protocols, probe_limit=10), tmp_path)
    assert [(task.name, task.num_pictures) for task in result.tasks] == [
        ("box", NUM_PICTURES),
        ("box_-1EV", 10),
        ("box_-2EV", 10),
    ]
    light = [result.rows(t.name, "mean").values["hole_lightness"][:10] for t in result.tasks]
    assert (light[0] > light[1] + 3).all()
    assert (light[1] > light[2] + 3).all()


def test_examples_and_times_are_kept(bank: Path, tmp_path: Path) -> None:
    result = run(plan(bank, "mean", "telea", timing_rounds=2), tmp_path)
    assert set(result.timing) == {"mean", "telea"}
    assert {example.reason for example in result.examples} == {
        "best",
        "median",
        "worst",
        "dark",
        "backlit",
    }
    for example in result.examples:
        for what in ("original", "damaged", "mean", "telea"):
            assert result.example_path(example, what).is_file()


def test_perfect_fills_are_infinite_and_identical(tmp_path: Path) -> None:
    flat = np.full((3, 32, 40, 3), 90, np.uint8)
    bank = write_bank(tmp_path / "bank", flat)
    rows = run(plan(bank, "mean"), tmp_path / "out").rows("box", "mean")
    assert np.isposinf(rows.values["hole_psnr"]).all()
    assert "inf" in (tmp_path / "out" / "rows" / "box" / "mean.csv").read_text()


def test_the_description_is_strict_json(bank: Path, tmp_path: Path) -> None:
    run(plan(bank, "mean", limit=1, timing_rounds=1), tmp_path)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads((tmp_path / "evaluation.json").read_text(), parse_constant=refuse)


@pytest.mark.parametrize(
    ("origins", "error", "message"),
    [
        (["teleo"], UnknownNameError, "did you mean 'telea'"),
        (["telea", "x=mean", "x=telea"], ConfigError, "two methods are called 'x'"),
        (["../x=telea"], ConfigError, "not fit for a file"),
    ],
)
def test_bad_methods_are_one_sentence(
    origins: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        find_methods(origins)


def test_a_method_is_renamed() -> None:
    methods = find_methods(["mine=telea", "telea"])
    assert [(one.name, one.origin) for one in methods] == [("mine", "telea"), ("telea", "telea")]


@pytest.mark.parametrize("order", [1, -1])
def test_methods_of_one_name_are_called_by_what_was_given(order: int, tmp_path: Path) -> None:
    origins = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = shutil.copyfile(load("faces").files[0], tmp_path / folder / "model.onnx")
        origins.append(os.path.relpath(path))
    given = ["faces", "network:faces", "x=faces", *origins][::order]
    methods = find_methods(given)
    found = {method.origin: method.name for method in methods if method.name != "x"}
    flat = [origin.replace("../", "").replace("/", "_") for origin in origins]
    names = ["faces", "network_faces", *flat]
    assert found == dict(zip(["faces", "network:faces", *origins], names, strict=True))


def test_one_metric_is_enough(bank: Path, tmp_path: Path) -> None:
    result = run(plan(bank, "mean", metrics=("hole_ssim",)), tmp_path)
    assert list(result.rows("box", "mean").values) == ["hole_ssim"]
    assert result.examples == []


def test_unknown_split_is_one_sentence(bank: Path, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="no picture in the split 'val'; it has test"):
        evaluate(replace(plan(bank, "mean"), split="val"), tmp_path, processes=1)


def test_missing_library_is_told_before_the_work(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="OpenCV"):
        evaluate(plan(bank, "mean", "telea"), tmp_path, processes=1)
    assert not list(tmp_path.rglob("*.npz"))
