from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.records import (
    Evaluation,
    MethodRecord,
    Rows,
    TaskRecord,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.metrics.statistics import estimate
from restauro.reports.tone_report import probe_section, tone_section

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
    return chosen(rows, range(count))


def chosen(rows: Rows, order: Sequence[int]) -> Rows:
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


def lines_of(section: str, method: str) -> list[list[str]]:
    """The cells of every row of a method."""
    rows = [line.strip("| ").split(" | ") for line in section.splitlines()]
    return [cells[1:] for cells in rows if cells[0] == method and len(cells) > 1]


def plots_of(section: str) -> list[str]:
    return re.findall(r"!\[[^]]*\]\(([^)]*)\)", section)


def test_a_planted_bias_is_printed_with_its_interval(tmp_path: Path) -> None:
    rows = make_rows()
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    section = tone_section(evaluation, "box", ["ours"], tmp_path / "page")
    part = section.partition("**lightness error")[2]
    darkest, *_, lightest = lines_of(part, "ours")[0][:5]
    order = rows.values["hole_lightness"].argsort()
    for cell, pictures in ((darkest, order[:24]), (lightest, order[-24:])):
        expected = estimate(rows.values["lightness_error"][pictures])
        interval = f"{expected.low:z.1f} to {expected.high:z.1f}"  # z: no -0.0
        assert cell == f"{expected.mean:z.1f}<br /><small>{interval}</small>"
    assert darkest.startswith("5.0<")
    gap = lines_of(part, "ours")[0][5]
    assert gap.startswith("**")
    assert "highest: 1 (L&#42; " in gap
    assert "chance below 0.001" in gap


def test_every_part_is_there_and_every_plot_exists(tmp_path: Path) -> None:
    evaluation = make_evaluation(
        tmp_path, {("box", 0): {"ours": make_rows(0), "telea": make_rows(1)}}
    )
    section = tone_section(evaluation, "box", ["ours", "telea"], tmp_path / "page")
    for heading in ("lightness of the hidden content", "apparent skin tone", "race"):
        assert f"\n\n#### By {heading}\n\n" in section
    assert "unknown in 7 of 120 pictures." in section
    assert len(plots_of(section)) == 4
    assert {path.name for path in (tmp_path / "page").iterdir()} == set(plots_of(section))
    assert "#### By contrast" not in section  # no numbers, no part


def test_folded_tables_have_room_for_markdown(tmp_path: Path) -> None:
    rows = make_rows()
    rows = Rows(
        rows.index, rows.names, {}, {**rows.values, "relative_error": rows.values["hole_psnr"]}
    )
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": without(rows, "ita")}})
    section = tone_section(evaluation, "box", ["ours"], tmp_path)
    inside = re.findall(
        r"\n\n<details><summary>[^\n]*</summary>\n\n(.*?)\n\n</details>\n\n", section, flags=re.S
    )
    assert len(inside) == 1
    assert inside[0].startswith("**relative error of light")
    assert section.count("<details>") == 1


def test_little_is_enough(tmp_path: Path) -> None:
    rows = without(make_rows(), "ita", "race", "lightness_error", "hole_variance")
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    section = tone_section(evaluation, "box", ["ours"], tmp_path)
    assert "#### By lightness" in section
    assert "#### By apparent" not in section
    assert "after matching |" not in section
    assert "Apparent skin tone was not measured." in section
    nothing = make_evaluation(
        tmp_path / "less", {("box", 0): {"ours": without(rows, "hole_lightness")}}
    )
    assert "####" not in tone_section(nothing, "box", ["ours"], tmp_path)


def test_pictures_mostly_without_skin_are_counted_and_not_grouped(tmp_path: Path) -> None:
    rows = make_rows()
    rows.values["ita"][:80] = np.nan
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": without(rows, "race")}})
    section = tone_section(evaluation, "box", ["ours"], tmp_path)
    assert "unknown in 80 of 120 pictures, so that pictures are not grouped by it." in section
    assert "#### By apparent" not in section


def test_the_order_of_the_pictures_changes_nothing(tmp_path: Path) -> None:
    rows = without(make_rows(), "lightness_error")
    shuffled = chosen(rows, np.random.default_rng(9).permutation(NUM_PICTURES).tolist())
    one, other = (
        make_evaluation(
            tmp_path / name, {("box", 0): {"ours": first}, ("box", -1): {"ours": second}}
        )
        for name, first, second in (("one", rows, rows), ("other", shuffled, rows))
    )
    sections = [
        tone_section(found, "box", ["ours"], tmp_path) + probe_section(found, "box", tmp_path)
        for found in (one, other)
    ]
    assert sections[0] == sections[1]


def test_failures_and_perfect_fills_are_counted_beneath(tmp_path: Path) -> None:
    rows = without(make_rows(0), "ita", "race", "lightness_error")
    failed = without(make_rows(1), "ita", "race", "lightness_error")
    for column in failed.values.values():
        column[3:5] = np.nan  # a method that gave up leaves nothing
    rows.values["hole_psnr"][9] = np.inf
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows, "poor": failed}})
    section = tone_section(evaluation, "box", ["ours", "poor"], tmp_path)
    assert "Without a value: poor 2. Perfect fills: ours 1." in section
    assert "unknown |" not in section  # the other method tells how light those pictures are
    assert section.count("n = 24") == 5


def test_foreign_names_stay_text(tmp_path: Path) -> None:
    rows = without(make_rows(), "ita", "lightness_error")
    races = {"a|b*": ["<b>" if label == "Black" else "`W|" for label in rows.labels["race"]]}
    rows = Rows(rows.index, rows.names, races, rows.values)
    evaluation = make_evaluation(tmp_path, {("box", 0): {"*ours*": rows}})
    section = tone_section(evaluation, "box", ["*ours*"], tmp_path)
    for markup in ("<b>", "`", "*ours", "a|b"):
        assert markup not in section
    tables = re.findall(r"(?:^\|.*\n)+", section, flags=re.M)
    assert tables
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_methods_with_rows_of_different_pictures_are_refused(tmp_path: Path) -> None:
    tables = {"ours": make_rows(0), "telea": make_rows(1, count=100)}
    evaluation = make_evaluation(tmp_path, {("box", 0): tables})
    with pytest.raises(BadDataError, match="different pictures"):
        tone_section(evaluation, "box", ["ours", "telea"], tmp_path)


def test_plots_of_two_tasks_have_their_own_names(tmp_path: Path) -> None:
    rows = without(make_rows(), "ita", "lightness_error")
    evaluation = make_evaluation(
        tmp_path, {("box", 0): {"ours": rows}, ("centre", 0): {"ours": rows}}
    )
    names = [
        plots_of(tone_section(evaluation, task, ["ours"], tmp_path)) for task in ("box", "centre")
    ]
    assert not set(names[0]) & set(names[1])
    assert all(re.fullmatch(r"[\w.+-]+\.svg", name) for name in names[0] + names[1])


def snr_rows(values: np.ndarray) -> Rows:
    names = [f"{i}.jpg" for i in range(len(values))]
    return Rows(np.arange(len(values)), names, {}, {"hole_snr": values})


def test_the_probe_compares_every_picture_with_itself(tmp_path: Path) -> None:
    snr = np.random.default_rng(8).normal(5, 3, 60)
    darker = chosen(snr_rows(snr - 1), range(39, -1, -1))  # fewer pictures, in another order
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
    section = probe_section(evaluation, "box", tmp_path)
    header = next(line for line in section.splitlines() if line.startswith("| method"))
    assert "| +1 EV | 0 EV | -1 EV | -2 EV | -2 EV minus 0 EV | pictures |" in header
    brightest, *_, change, pictures = lines_of(section, "ours")[0]
    assert brightest.startswith(f"{snr[3:40].mean():.2f}<")
    assert change == "-2.50<br /><small>-2.50 to -2.50</small>"
    assert pictures == "37"
    assert "40 pictures are in all of these tasks" in section
    assert [(tmp_path / name).exists() for name in plots_of(section)] == [True]


def test_there_is_no_probe_without_another_exposure(tmp_path: Path) -> None:
    rows = snr_rows(np.arange(9.0))
    evaluation = make_evaluation(tmp_path, {("box", 0): {"ours": rows}})
    assert probe_section(evaluation, "box", tmp_path) == ""
