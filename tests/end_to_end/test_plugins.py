"""A package outside the tree, from its source of pictures to pictures that its method restores."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from restauro import imports
from restauro.cli import cli
from restauro.registry import KINDS
from somebodys import METHOD, PARTS, write_package

pytestmark = pytest.mark.usefixtures("alone")

CONFIG = """
name = "mine"
model = { name = "two_layers", arguments = { width = 3 } }
loss = { name = "charbonnier" }
data = { bank = "bank" }
training = { epochs = 1, global_batch_size = 5 }
[curriculum]
end.box = { height = [0.2, 0.3], width = [0.2, 0.3], spread = 1 }
"""
PLUG_IN = ("--import", "somebody.parts")


def run(*arguments: str | Path) -> str:
    """What the command line prints, as in a process that has imported no plug-in yet."""
    imports._imported.clear()
    for kind in KINDS:
        for name in kind.names_of("somebody.parts"):
            del kind._factories[name]
    for name in [name for name in sys.modules if name.partition(".")[0] == "somebody"]:
        del sys.modules[name]
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def run_alone(folder: Path, *arguments: str | Path) -> str:
    """What it prints in a process of its own, where the package in `folder / site` is installed."""
    paths = [str(folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, "-m", "restauro", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def write_pictures(folder: Path) -> None:
    """Two pictures and their mask."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    (folder / "pictures").mkdir()
    for i, image in enumerate(noise):
        PIL.Image.fromarray(image).save(folder / "pictures" / f"{i}.png")
    mask = np.zeros((32, 32), dtype=np.uint8)
    mask[4:12, 6:20] = 255
    PIL.Image.fromarray(mask).save(folder / "mask.png")


def is_grey(folder: Path) -> bool:
    """Whether the holes of both pictures in a folder are what the method makes of them."""
    images = [np.asarray(PIL.Image.open(folder / f"{i}.png")) for i in range(2)]
    return all((image[4:12, 6:20] == 128).all() and image.std() > 10 for image in images)


@pytest.mark.slow
def test_a_module_brings_a_part_of_every_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(tmp_path / "site", PARTS)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(CONFIG)
    run("prepare", "stripes", "bank", "--size", "32", *PLUG_IN)

    train = ("train", "mine.toml", "--run", "run", "--accelerator", "cpu")
    run(*train, *PLUG_IN)
    assert tomllib.loads(Path("run/config.toml").read_text())["imports"] == [PLUG_IN[1]]
    run(*train, "--resume", "--set", "training.epochs=2")
    history = Path("run/history.jsonl").read_text().splitlines()
    assert [json.loads(line).get("epoch") for line in history] == [1, None, 2]
    run("export", "run", "--output", "mine.onnx")

    asked = ("--methods", "grey,run,mine.onnx", "--data", "bank", "--protocol", "corner")
    metrics = ("--metrics", "hole_worst,hole_psnr")
    places = ("--output", "scores", "--timing-rounds", "0", "--jobs", "2")
    run("evaluate", *asked, *metrics, *places, *PLUG_IN)
    assert json.loads(Path("scores/evaluation.json").read_text())["imports"] == [PLUG_IN[1]]
    run("report", "scores", "--output", "page")
    (table,) = (tmp_path / "page").rglob("*scores.csv")
    with table.open(newline="") as file:
        found = {
            row["method"]: row for row in csv.DictReader(file) if row["metric"] == "hole_worst"
        }
    assert [found[name]["num_finite"] for name in ("grey", "run", "mine")] == ["10"] * 3

    write_pictures(tmp_path)
    Path("grey.py").write_text(METHOD)
    fill = ("inpaint", "pictures", "--mask", "mask.png", "--output", "out", "--jobs", "2")
    run(*fill, "--model", "grey", "--import", "grey.py")
    assert is_grey(tmp_path / "out")


@pytest.mark.slow
def test_an_installed_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    parts = write_package(tmp_path / "site", METHOD, announces=True)
    write_pictures(tmp_path)
    fill = ("inpaint", "pictures", "--mask", "mask.png", "--output", "out", "--jobs", "2")
    asked = (*fill, "--model", "grey", "--force")
    assert "2 restored" in run_alone(tmp_path, *asked)
    assert is_grey(tmp_path / "out")
    assert "2 skipped" in run_alone(tmp_path, *asked)
    parts.write_text(parts.read_text().replace("128", "99"))
    assert "2 restored" in run_alone(tmp_path, *asked)  # the same method by other code
    assert not is_grey(tmp_path / "out")
