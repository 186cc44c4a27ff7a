from __future__ import annotations

import pytest

from restauro.report.page import Cell, Table, cells
from restauro.report.sections import time_and_size
from restauro.report.tables import Line, heading, pivot, shown


def line(metric: str = "hole_psnr", method: str = "ours", **more: str) -> Line:
    counts = {"num_finite": "30", "num_infinite": "0", "num_missing": "0"}
    return {"metric": metric, "method": method, "mean": "", "low": "", "high": ""} | counts | more


@pytest.mark.parametrize(
    ("one", "cell"),
    [
        (
            line(mean="18.5", low="18", high="19", rank="1"),
            Cell("18.50", ("18.00 to 19.00 · #1",), is_bold=True),
        ),
        (line(mean="18.5", low="18", high="19", rank="2"), Cell("18.50", ("18.00 to 19.00 · #2",))),
        (line(mean="18.5", low="18", high="19"), Cell("18.50", ("18.00 to 19.00",))),
        (line(mean="7", low="nan", high="nan"), Cell("7.00")),
        (
            line(mean="7", low="6", high="8", num_infinite="2", num_missing="1000"),
            Cell("7.00", ("6.00 to 8.00", "2 perfect", "1,000 missing")),
        ),
        (line(mean="-0.001", low="-0.004", high="0.002"), Cell("0.00", ("0.00 to 0.00",))),
        (line(mean="nan", num_missing="30"), Cell("–")),
        (line(mean="nan", num_infinite="30"), Cell("all perfect")),
        (
            line("seam", mean="9", median="1.2", first_quartile="1", third_quartile="3"),
            Cell("1.20", ("1.00 to 3.00",)),
        ),
        (line("frechet_feature_distance", mean="56.78"), Cell("56.8")),
    ],
)
def test_cell_says_mean_interval_rank_and_what_is_left_out(one: Line, cell: Cell) -> None:
    assert shown(one) == cell


def test_lines_become_rows_and_columns_in_their_order() -> None:
    lines = [line(method=m, mean="1", group=g) for m, g in (("b", "y"), ("b", "x"), ("a", "x"))]
    found = pivot("title", lines, "group", lambda one: Cell(one["mean"]), is_counted=True)
    header = [Cell("method"), Cell("y", ("n = 30",)), Cell("x", ("n = 30",))]
    assert found == Table("title", header, [cells("b", "1", "1"), cells("a", "–", "1")])


def test_columns_of_another_table_are_put_beside() -> None:
    one = Table("one", cells("method", "x"), [cells("a", "1"), cells("b", "2")])
    other = Table("other", cells("method", "y"), [cells("b", "3")])
    rows = [cells("a", "1", "–"), cells("b", "2", "3")]
    assert one.beside(other) == Table("one", cells("method", "x", "y"), rows)


def test_ranges_of_time_that_touch_are_not_apart() -> None:
    nothing = {"file_bytes": "", "file_sha256": "", "parameters": "", "num_rounds": "5"}
    ranges = {"a": ("1", "3"), "b": ("3", "5"), "c": ("3.1", "6")}
    methods = [
        nothing | {"name": name, "median": low, "low": low, "high": high}
        for name, (low, high) in ranges.items()
    ]
    (section,) = time_and_size(methods)
    assert [row[-1].text for row in section.tables[0].rows] == ["b", "a, c", "b"]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("hole_psnr", "PSNR (dB) ↑"),
        ("hole_ciede2000", "ΔE00 ↓"),
        ("sharpness", "sharpness → 1"),
        ("frechet_feature_distance", "Fréchet ↓"),
    ],
)
def test_heading_says_unit_and_direction(metric: str, words: str) -> None:
    assert heading(metric) == words
