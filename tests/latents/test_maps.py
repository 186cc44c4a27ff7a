"""The page with pictures where their codes lie."""

from __future__ import annotations

import re
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tinycodes import SIZE, write_run_with_codes

from restauro.cli import cli
from restauro.errors import OutputExistsError
from restauro.latents import maps
from restauro.latents.population import Vector
from tinyfolders import textured, write_bank


@pytest.fixture(autouse=True)
def _without_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)


def places(page: str) -> list[tuple[str, float, float]]:
    found = re.findall(r'title="([^"]*)" style="left:([\d.]+)%;bottom:([\d.]+)%"', page)
    return [(name, float(left), float(bottom)) for name, left, bottom in found]


def test_pictures_lie_along_the_directions_of_most_variance() -> None:
    """Along the third number most, then along the first; the second hardly changes."""
    codes = np.array([[0, 0, 0], [0, 0.1, 9], [3, 0, 9], [3, 0.1, 0]], dtype=np.float32)
    (plane,) = maps.planes(codes)
    points = np.abs(plane.points - plane.points[0])
    assert points[:, 0] == pytest.approx([0, 9, 9, 0], abs=0.1)
    assert points[:, 1] == pytest.approx([0, 0, 3, 3], abs=0.1)
    assert "90% of their variance" in plane.remark
    assert "10% from bottom" in plane.remark


def test_page_is_one_file_with_every_picture(tmp_path: Path) -> None:
    run = write_run_with_codes(tmp_path / "run")
    bank = write_bank(tmp_path / "bank", textured(9, SIZE))
    words = ["latent", "map", str(run), str(bank), "-o", str(tmp_path / "map.html"), "--limit", "5"]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.output == f"wrote {tmp_path / 'map.html'}: 5 pictures\n"
    page = (tmp_path / "map.html").read_text()
    found = places(page)
    assert [name for name, *_ in found] == [f"{i:03d}.png" for i in range(0, 9, 2)]
    for column in (1, 2):
        assert {min(place[column] for place in found), max(p[column] for p in found)} == {0, 100}
    assert page.count("data:image/jpeg") == 5
    assert not re.search(r"https?:|<script|src=\"(?!data:)", page)
    with pytest.raises(OutputExistsError, match="--force"):
        CliRunner().invoke(cli, words, catch_exceptions=False)


def test_codes_of_one_number_and_equal_codes_have_a_place() -> None:
    images = list(textured(3, SIZE))
    for codes in (np.arange(3, dtype=np.float32)[:, None], np.ones((3, 4), dtype=np.float32)):
        page = maps.map_page("<codes>", ["a", 'b"<', "c"], images, codes)
        assert len(places(page)) == 3
        assert "<codes>" not in page
        assert "b&quot;&lt;" in page


def test_umap_makes_a_second_map_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    class UMAP:
        def __init__(self, **settings: int) -> None:
            assert settings["n_neighbors"] == 3

        def fit_transform(self, codes: Vector) -> Vector:
            return codes[:, :2]

    module = types.ModuleType("umap")
    module.UMAP = UMAP  # type: ignore[attr-defined]
    module.__spec__ = ModuleSpec("umap", None)
    monkeypatch.setitem(sys.modules, "umap", module)
    pca, umap = maps.planes(np.arange(12, dtype=np.float32).reshape(4, 3))
    assert (pca.method, umap.method) == ("Principal components", "UMAP")
    assert umap.points.tolist() == [[0, 1], [3, 4], [6, 7], [9, 10]]
