from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest
import torch
from matplotlib.colors import to_rgb

from restauro.metrics import luminance
from restauro.metrics.statistics import Estimate
from restauro.report.plots import Line, Series, plot_estimates, plot_lines, save

NOTHING = Estimate(math.nan, math.nan, math.nan, 0, 0, 3)
X, Y, TITLE = "hole ratio", "PSNR (dB)", "a plot"


def estimates(*means: float) -> list[Estimate]:
    """Means with intervals from 1 below to 2 above."""
    return [Estimate(mean, mean - 1, mean + 2, 30, 0, 0) for mean in means]


def twelve() -> dict[str, Series]:
    return {f"method {i}": (["small", "large"], estimates(i, i + 1)) for i in range(12)}


def drawn(series: Mapping[str, Series], best: float | None = None) -> Any:
    return plot_estimates(series, x_label=X, y_label=Y, title=TITLE, best=best)


def drawn_lines(of: Mapping[str, Line]) -> Any:
    return plot_lines(of, x_label=X, y_label=Y, title=TITLE)


def lines(figure: Any) -> list[Any]:
    """The drawn lines of methods, without the one of the best value."""
    return [line for line in figure.axes[0].lines if line.get_marker() != "None"]


def svg(figure: Any, path: Path) -> str:
    save(figure, path)
    return path.read_text()


def test_points_and_intervals_are_the_estimates() -> None:
    figure = drawn({"one": ([10, 20], estimates(5, 7))})
    (line,), (bars,) = lines(figure), figure.axes[0].collections
    np.testing.assert_array_equal(line.get_xydata(), [[10, 5], [20, 7]])
    np.testing.assert_array_equal(bars.get_segments(), [[[10, 4], [10, 7]], [[20, 6], [20, 9]]])


def test_no_interval_hides_another() -> None:
    figure = drawn(twelve())
    places = [line.get_xdata() for line in lines(figure)]
    first, second = sorted(x[0] for x in places), sorted(x[1] for x in places)
    assert min(np.diff(first)) > 0.01
    assert max(first) < min(second)
    assert np.mean(first) == pytest.approx(0)
    assert np.mean(second) == pytest.approx(1)


def test_intervals_at_a_single_place_stand_side_by_side() -> None:
    figure = drawn({name: ([0], estimates(1)) for name in "abc"})
    assert len({float(line.get_xdata()[0]) for line in lines(figure)}) == 3


def test_categories_stand_in_the_order_of_their_first_appearance() -> None:
    series = {
        "one": (["b", "a"], estimates(1, 2)),
        "two": (["a", "c"], estimates(3, 4)),
    }
    figure = drawn(series)
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["b", "a", "c"]
    assert [round(x) for x in lines(figure)[1].get_xdata()] == [1, 2]


def test_what_is_no_number_leaves_a_gap(tmp_path: Path) -> None:
    several = [*estimates(1), NOTHING, Estimate(3, math.nan, math.nan, 1, 0, 0)]
    figure = drawn({"one": (["a", "b", "c"], several)})
    assert "nan" not in svg(figure, tmp_path / "gap.svg").lower()


@pytest.mark.parametrize(("best", "places"), [(30.0, [30.0]), (math.inf, []), (None, [])])
def test_best_is_a_line_unless_it_is_out_of_reach(best: float | None, places: list[float]) -> None:
    figure = drawn({"one": ([1, 2], estimates(5, 7))}, best=best)
    found = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "None"]
    assert found == places


def test_twelve_methods_can_be_told_apart_without_colour() -> None:
    assert len({line.get_marker() for line in lines(drawn(twelve()))}) == 12


def test_colours_are_seen_on_light_and_dark_ground(tmp_path: Path) -> None:
    def light(colour: str) -> float:
        return float(luminance(torch.tensor(to_rgb(colour))[None, :, None, None]))

    text = svg(drawn(twelve()), tmp_path / "plot.svg")
    colours = set(re.findall(r"stroke: (#\w{6}); stroke-width: 1.4", text))
    assert len(colours) == 6  # and ink
    for ground in ("#ffffff", "#0d1117"):
        for colour in colours:
            low, high = sorted((light(colour), light(ground)))
            assert (high + 0.05) / (low + 0.05) >= 3, (colour, ground)  # WCAG's for graphics


def test_svg_takes_the_ink_of_its_ground(tmp_path: Path) -> None:
    text = svg(drawn(twelve(), best=3), tmp_path / "plot.svg")
    assert "prefers-color-scheme:dark" in text
    assert "currentColor" in text
    assert not re.search(r"#000000|#ffffff|: black|: white", text)


def test_svg_keeps_its_text(tmp_path: Path) -> None:
    name = "_under $a$ & <b>"
    figure = drawn_lines({name: ([1, 2], [3, 4]), "other": ([1, 2], [5, 6])})
    root = ElementTree.fromstring(svg(figure, tmp_path / "plot.svg"))
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {name, "other", X, Y, TITLE} <= words
    assert root.get("font-family") == "sans-serif"


def test_svg_is_small_whole_and_the_same_each_time(tmp_path: Path) -> None:
    text = svg(drawn(twelve()), tmp_path / "one.svg")
    (tmp_path / "again").mkdir()
    assert text == svg(drawn(twelve()), tmp_path / "again" / "one.svg")
    assert not re.search(r"\d\.\d{3}", text)
    assert len(text) < 30_000
    identifiers = set(re.findall(r'\bid="([^"]+)"', text))
    assert identifiers == set(re.findall(r"#([pm]\w+)", text))  # all are used, all are there


def test_numbers_in_text_keep_their_digits(tmp_path: Path) -> None:
    figure = drawn_lines({"0.12345": ([1, 2], [3, 4])})
    assert ">0.12345<" in svg(figure, tmp_path / "plot.svg")


def test_png_is_on_white(tmp_path: Path) -> None:
    save(drawn(twelve()), tmp_path / "plot.png")
    with PIL.Image.open(tmp_path / "plot.png") as picture:
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
