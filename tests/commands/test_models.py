from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import restauro
from restauro.cli import cli
from restauro.errors import BadModelError
from restauro.fill import catalogue
from restauro.fill.model_file import read_card

MakeModel = Callable[..., Path]


def run(*options: str) -> str:
    result = CliRunner().invoke(cli, ["models", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the user's own models; empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "restauro" / "models"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def folder(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the package's own weights: one model, called `wide`."""
    scores = {"validation": {"hole_psnr": 18.1418}}
    card = {"size": [32, 64], "domain": "strips", "parameters": 4_512_345, "scores": scores}
    path = make_model(name="wide", card=card)
    monkeypatch.setattr(catalogue, "WEIGHTS_DIR", path.parent)
    return path.parent


def test_the_table_says_what_each_model_is_for(folder: Path) -> None:
    heading, *lines = run().splitlines()
    assert heading.split() == [
        *("name", "kind", "version", "size", "domain", "PSNR", "weights", "file", "needs", "terms")
    ]
    (line,) = (line for line in lines if line.startswith("wide"))
    assert line.split()[:4] == ["wide", "network", "1", "64x32"]
    for cell in ("strips", "18.1 dB", "4.5 M", "0.0 MB", "MIT"):
        assert cell in line
    assert line.index("strips") == heading.index("domain")


def test_the_users_own_models_are_listed_too(
    folder: Path, cache: Path, make_model: MakeModel
) -> None:
    make_model(name="mine").rename(cache / "mine.onnx")
    rows = json.loads(run("--json"))
    assert [row["name"] for row in rows if "file" in row] == ["mine", "wide"]


def test_programs_get_json(folder: Path) -> None:
    (entry,) = (row for row in json.loads(run("--json")) if "file" in row)
    assert entry["name"] == "wide"
    assert entry["size"] == [32, 64]
    assert entry["scores"] == {"validation": {"hole_psnr": 18.1418}}
    assert entry["file"] == str(folder / "wide.onnx")
    assert entry["file_bytes"] == (folder / "wide.onnx").stat().st_size


def test_a_model_without_scores_is_listed(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "WEIGHTS_DIR", make_model(name="plain").parent)
    assert "test pictures" in run()
    assert "dB" not in run()


def test_what_needs_no_model_file_is_listed_with_what_it_needs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    needs = {row["name"]: row["needs"] for row in json.loads(run("--json"))}
    assert needs == restauro.list_models()
    assert needs["telea"] == "pip install 'restauro[classical]'"
    assert needs["lama"] == "its file, as lama:FILE"
    assert (needs["auto"], needs["mean"], needs["wide"]) == ("", "", "")
    (line,) = (line for line in run().splitlines() if line.startswith("telea"))
    assert "pip install 'restauro[classical]'  none: it has learned from no pictures" in line


def test_a_damaged_model_is_one_sentence(folder: Path) -> None:
    (folder / "wide.onnx").write_bytes(b"damaged")
    with pytest.raises(BadModelError, match=r"wide\.onnx is no intact ONNX file"):
        run()


@pytest.mark.parametrize("path", sorted(catalogue.WEIGHTS_DIR.glob("*.onnx")), ids=str)
def test_every_shipped_model_has_its_files_name_and_loads(path: Path) -> None:
    name, card = path.stem, read_card(path)
    assert card.name == name
    most_bytes, most_weights = (16e6, 8e6) if card.noise_dim else (12e6, 6e6)
    assert path.stat().st_size <= most_bytes
    assert (restauro.load(name).parameters or 0) <= most_weights
