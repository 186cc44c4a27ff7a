from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.store import (
    Evaluation,
    MethodRecord,
    Rows,
    TaskRecord,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.metrics.statistics import estimate
from restauro.report.page import Cell, Section, Table
from restauro.report.scores import tables_of
from restauro.report.sections import set_section
from restauro.report.tables import Line, chosen

NUM_PICTURES = 120


def make_rows(seed: int = 0, count: int = NUM_PICTURES) -> Rows:
    """A method that lightens dark content by 5 L* and the lightest by none."""
    rng = np.random.default_rng(seed)
    pictures = np.random.default_rng(100)  # the same for all methods
    lightness = pictures.uniform(0, 100, NUM_PICTURES)
    noise = rng.normal(0, 0.1, NUM_PICTURES)
    values = {
        "hole_lightness": lightness,
        "hole_variance": pictures.uniform(0, 0.1, NUM_PICTURES),
        "ita": np.where(
            np.arange(NUM_PICTURES) < 7, np.nan, pictures.uniform(-60, 70, NUM_PICTURES)
        ),
        "hole_psnr": rng.normal(25, 2, NUM_PICTURES),
        "lightness_error": np.interp(lightness, [30, 70], [5, 0]) + noise,
    }
    labels = {"race": pictures.choice(["Black", "White"], NUM_PICTURES).tolist()}
    rows = Rows(np.arange(NUM_PICTURES), [f"{i}.jpg" for i in range(NUM_PICTURES)], labels, values)
    return ordered(rows, range(count))


def ordered(rows: Rows, order: Sequence[int]) -> Rows:
    """The rows of some pictures, in this order."""
    return Rows(
        rows.index[order],
        [rows.names[i] for i in order],
        {name: [column[i] for i in order] for name, column in rows.labels.items()},
        {name: column[order] for name, column in rows.values.items()},
    )


def without(rows: Rows, *names: str) -> Rows:
    labels = {name: column for name, column in rows.labels.items() if name not in names}
    values = {name: column for name, column in rows.values.items() if name not in names}
    return Rows(rows.index, rows.names, labels, values)


def make_evaluation(folder: Path, tables: dict[tuple[str, float], dict[str, Rows]]) -> Evaluation:
    """An evaluation of one protocol by (protocol, exposure) and method."""
    tasks = []
    for (protocol, exposure), methods in tables.items():
        name = protocol + (f"_{exposure:+g}EV" if exposure else "")
        tasks.append(TaskRecord(name, protocol, exposure, "123", NUM_PICTURES))
        for method, rows in methods.items():
            write_rows(rows_path(folder, name, method), rows)
    names = dict.fromkeys(name for methods in tables.values() for name in methods)
    records = [MethodRecord(name, name, None, None, None) for name in names]
    found = Evaluation(
        folder, "a bank", "test", (48, 37), 0, "restauro", {}, tasks, records, [], {}, [], []
    )
    write_evaluation(found)
    return found


def sections_of(evaluation: Evaluation, folder: Path) -> dict[str, Section]:
    """The sections on tones and exposures, by the first word of their titles."""
    folder.mkdir(exist_ok=True)
    found = set_section(tables_of("a", evaluation), folder, {}).sections
    return {one.title.split()[0]: one for one in found if one.title.startswith("Dark")}


def plots_of(section: Section) -> list[str]:
    below = [name for part in section.sections for name in plots_of(part)]
    return [*(plot.path.name for plot in section.plots), *below]


def row_of(table: Table, method: str) -> list[Cell]:
    """The cells of a method."""
    (row,) = (row for row in table.rows if row[0].text == method)
    return list(row[1:])


def part_of(section: Section, title: str) -> Section:
    (part,) = (part for part in section.sections if part.title.startswith(title))
    return part


def test_a_planted_bias_is_printed_with_its_interval(tmp_path: Path) -> None:
    rows = make_rows()
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    part = part_of(sections_of(evaluation, tmp_path / "page")["Dark"], "By lightness")
    (table,) = (table for table in part.tables if table.title.startswith("lightness error"))
    darkest, *_, lightest, gap, _ = row_of(table, "ours")
    order = rows.values["hole_lightness"].argsort()
    for cell, pictures in ((darkest, order[:24]), (lightest, order[-24:])):
        expected = estimate(rows.values["lightness_error"][pictures])
        interval = f"{expected.low:z.1f} to {expected.high:z.1f}"  # z: no -0.0
        assert cell == Cell(f"{expected.mean:z.1f}", (interval,))
    assert darkest.text == "5.0"
    assert gap.is_bold
    assert gap.small[0].endswith("chance below 0.001")
    assert gap.small[1].startswith("highest: 1 (L* ")


def test_every_part_is_there_and_every_plot_exists(tmp_path: Path) -> None:
    evaluation = make_evaluation(
        tmp_path, {("box", 0): {"ours": make_rows(0), "telea": make_rows(1)}}
    )
    section = sections_of(evaluation, tmp_path / "page")["Dark"]
    titles = ["By lightness of the hidden content", "By apparent skin tone", "By race"]
    assert [part.title for part in section.sections] == titles
    assert [part.note for part in section.sections] == ["hole_lightness", "ita", "label"]
    facts = tables_of("a", evaluation).facts
    assert facts["skin tone unknown"] == "7 of 120 pictures"
    assert [table.title for table in section.tables] == ["Gaps after matching"]
    assert len(plots_of(section)) == 4
    assert {path.name for path in (tmp_path / "page").iterdir()} == set(plots_of(section))


def test_less_important_tables_are_folded(tmp_path: Path) -> None:
    rows = make_rows()
    rows = Rows(
        rows.index, rows.names, {}, {**rows.values, "relative_error": rows.values["hole_psnr"]}
    )
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": without(rows, "ita")}})
    (part,) = sections_of(evaluation, tmp_path)["Dark"].sections
    assert len(part.tables) == 2
    assert [table.title for table in part.folded] == ["relative error of light ↓"]
    assert part.fold_title == "relative error of light"


def test_little_is_enough(tmp_path: Path) -> None:
    rows = without(make_rows(), "ita", "race", "lightness_error", "hole_variance")
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    section = sections_of(evaluation, tmp_path)["Dark"]
    assert [part.title for part in section.sections] == ["By lightness of the hidden content"]
    header = [cell.text for cell in section.sections[0].tables[0].header]
    assert header[-1] == "gap"  # none after matching
    assert "skin tone unknown" not in tables_of("a", evaluation).facts
    nothing = make_evaluation(
        tmp_path / "less", {("box", 0): {"ours": without(rows, "hole_lightness")}}
    )
    assert not sections_of(nothing, tmp_path)


def test_pictures_mostly_without_skin_are_counted_and_not_grouped(tmp_path: Path) -> None:
    rows = make_rows()
    rows.values["ita"][:80] = np.nan
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": without(rows, "race")}})
    section = sections_of(evaluation, tmp_path)["Dark"]
    assert tables_of("a", evaluation).facts["skin tone unknown"] == "80 of 120 pictures"
    assert "By apparent skin tone" not in [part.title for part in section.sections]


def test_the_order_of_the_pictures_changes_nothing(tmp_path: Path) -> None:
    rows = without(make_rows(), "lightness_error")
    shuffled = ordered(rows, np.random.default_rng(9).permutation(NUM_PICTURES).tolist())
    one, other = (
        make_evaluation(
            tmp_path / name, {("box", 0): {"ours": first}, ("box", -1): {"ours": second}}
        )
        for name, first, second in (("one", rows, rows), ("other", shuffled, rows))
    )
    sections = [sections_of(found, tmp_path / "page") for found in (one, other)]
    assert sections[0] == sections[1]


def test_failures_and_perfect_fills_are_counted_beneath(tmp_path: Path) -> None:
    rows = without(make_rows(0), "ita", "race", "lightness_error")
    failed = without(make_rows(1), "ita", "race", "lightness_error")
    for column in failed.values.values():
        column[3:5] = np.nan  # a method that gave up leaves nothing
    rows.values["hole_psnr"][9] = np.inf
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows, "poor": failed}})
    table = part_of(sections_of(evaluation, tmp_path)["Dark"], "By lightness").tables[0]
    counted = {
        method: [
            line for cell in row_of(table, method) for line in cell.small if line[2:].isalpha()
        ]
        for method in ("ours", "poor")
    }
    assert counted["ours"] == ["1 perfect"]
    assert set(counted["poor"]) <= {"1 missing", "2 missing"}
    assert sum(int(line[0]) for line in counted["poor"]) == 2
    groups = table.header[1:6]  # the other method tells how light those pictures are
    assert [cell.small for cell in groups] == [("n = 24",)] * 5


def test_tables_have_the_numbers_to_six_digits(tmp_path: Path) -> None:
    rows = make_rows()
    evaluation = make_evaluation(
        tmp_path, {("box", 0): {"ours": rows}, ("box", -1): {"ours": rows}}
    )
    tables = tables_of("a", evaluation)

    def lines(table: str, **wanted: str) -> list[Line]:
        return chosen(tables.lines[table], metric="lightness_error", **wanted)

    darkest = lines("groups", grouping="hole_lightness")[0]
    assert (darkest["method"], darkest["num_finite"]) == ("ours", "24")
    order = rows.values["hole_lightness"].argsort()
    expected = estimate(rows.values["lightness_error"][order[:24]])
    assert float(darkest["mean"]) == pytest.approx(expected.mean, rel=1e-5)
    gap = lines("gaps", kind="gap")[0]
    assert float(gap["gap"]) == pytest.approx(5, abs=0.1)
    assert gap["worst"].startswith("1 (L* ")
    (change,) = lines("groups", group="-1 EV minus 0 EV")
    assert change["mean"] == "0"


def test_methods_with_rows_of_different_pictures_are_refused(tmp_path: Path) -> None:
    tables = {"ours": make_rows(0), "telea": make_rows(1, count=100)}
    evaluation = make_evaluation(tmp_path, {("box", 0): tables})
    with pytest.raises(BadDataError, match="different pictures"):
        sections_of(evaluation, tmp_path)["Dark"]


def snr_rows(values: np.ndarray) -> Rows:
    names = [f"{i}.jpg" for i in range(len(values))]
    return Rows(np.arange(len(values)), names, {}, {"hole_snr": values})


def test_the_probe_compares_every_picture_with_itself(tmp_path: Path) -> None:
    snr = np.random.default_rng(8).normal(5, 3, 60)
    darker = ordered(snr_rows(snr - 1), range(39, -1, -1))  # fewer pictures, in another order
    darkest = snr_rows(snr - 2.5)
    darkest.values["hole_snr"][:3] = np.nan  # the method gave up
    evaluation = make_evaluation(
        tmp_path,
        {
            ("box", -2): {"ours": darkest},
            ("box", 0): {"ours": snr_rows(snr)},
            ("box", 1): {"ours": snr_rows(snr)},
            ("box", -1): {"ours": darker},
            ("centre", 0): {"ours": snr_rows(snr)},
        },
    )
    section = sections_of(evaluation, tmp_path)["Darkened"]
    (table,) = section.tables
    header = ["+1 EV", "0 EV", "-1 EV", "-2 EV", "-2 EV minus 0 EV"]
    assert table.header == [Cell("method"), *(Cell(name, ("n = 40",)) for name in header)]
    brightest, *_, change = row_of(table, "ours")
    assert brightest.text == f"{snr[3:40].mean():.2f}"
    assert change == Cell("-2.50", ("-2.50 to -2.50", "3 missing"))
    assert [(tmp_path / name).exists() for name in plots_of(section)] == [True]


def test_there_is_no_probe_without_another_exposure(tmp_path: Path) -> None:
    rows = snr_rows(np.arange(9.0))
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    assert "Darkened" not in sections_of(evaluation, tmp_path)
