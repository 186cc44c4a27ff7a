from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.records import (
    Evaluation,
    Example,
    Failure,
    MethodRecord,
    Rows,
    SetScore,
    TaskRecord,
    Timing,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.images import write_image
from restauro.metrics.statistics import estimate
from restauro.reports.evaluation_report import write_report

NUM_PICTURES = 40
SIZE = (37, 50)
GOOD, CLOSE_BY, BAD, ODD = "good", "close_by", "bad", "a|b <i>*c*"
METHODS = [GOOD, CLOSE_BY, BAD, ODD]
ODD_PICTURE = "röntgen |*_<b>1</b>_*|.png"
RATIOS = np.where(np.arange(NUM_PICTURES) % 2, 0.15, 0.25)


def values(method: str) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Scores that differ clearly, but for those of `good` and `close_by`."""
    rng = np.random.default_rng(METHODS.index(method))
    worse = {GOOD: 0.0, CLOSE_BY: 0.1, BAD: 6.0, ODD: 3.0}[method]
    found = {
        "hole_psnr": rng.normal(25 - worse - 10 * RATIOS, 1),
        "hole_ssim": rng.normal(0.8 - worse / 20, 0.02, NUM_PICTURES),
        "hole_feature_distance": rng.normal(0.4 + worse / 10, 0.02, NUM_PICTURES),
        "sharpness": rng.lognormal(0, 2, NUM_PICTURES),
        "of_another_version": rng.normal(size=NUM_PICTURES),
        "hole_ratio": RATIOS.copy(),
    }
    if method == GOOD:
        found["hole_psnr"][:3] = np.inf
    if method == BAD:
        for column in found.values():
            column[5] = np.nan
    return found


def make(path: Path, *, leave_out: tuple[str, ...] = (), exposure: float = 0) -> Evaluation:
    """An evaluation of four methods on two tasks; the one called `bad` gave up on a picture."""
    tasks = [
        TaskRecord("box", "box", 0.0, "cae9aa4c8d16", NUM_PICTURES),
        TaskRecord("centre", "centre", 0.0, "0123456789ab", NUM_PICTURES),
    ]
    names = [ODD_PICTURE, *(f"{i}.png" for i in range(1, NUM_PICTURES))]
    for task in tasks:
        for method in METHODS:
            kept = {k: v for k, v in values(method).items() if k not in leave_out}
            if task.name == "centre":
                kept["hole_ratio"] = np.full(NUM_PICTURES, 0.25)
            rows = Rows(np.arange(NUM_PICTURES), names, {}, kept)
            write_rows(rows_path(path, task.name, method), rows)
    evaluation = Evaluation(
        path=path,
        bank="faces & <co>",
        split="test",
        size=SIZE,
        seed=7,
        command="restauro evaluate --data banks/*",
        environment={"restauro": "1.2.3", "processor": "a machine"},
        tasks=tasks,
        methods=[
            MethodRecord(GOOD, GOOD, 11_107_517, "ab" * 32, 5_485_188),
            *(MethodRecord(name, name, None, None, None) for name in METHODS[1:]),
        ],
        sets=[SetScore("box", GOOD, NUM_PICTURES, 12.34), SetScore("box", BAD, 39, 56.78)],
        timing={
            GOOD: Timing(80, 70, 90, 7),
            CLOSE_BY: Timing(85, 75, 95, 7),
            BAD: Timing(2, 1, 3, 7),
        },
        failures=[Failure("box", BAD, "5.png", "no <memory> | left")],
        examples=[Example("box", 0, ODD_PICTURE, "worst"), Example("box", 5, "5.png", "dark")],
    )
    rng = np.random.default_rng(0)
    for example in evaluation.examples:
        evaluation.example_path(example, "original").parent.mkdir(parents=True)
        for what in ("original", "damaged", *METHODS):
            if not (example.index == 5 and what == BAD):
                picture = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
                write_image(evaluation.example_path(example, what), picture)
    write_evaluation(evaluation)
    return evaluation


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole report."""
    folder = tmp_path_factory.mktemp("report")
    make(folder / "evaluation")
    assert write_report([folder / "evaluation"], folder / "out") == folder / "out" / "report.html"
    return folder / "out"


def readme(folder: Path) -> str:
    return (folder / "README.md").read_text()


def section(text: str, start: str, end: str = "\n## ") -> str:
    """What stands between a heading or caption and the next."""
    return text[text.index(start) :].partition(end)[0]


def rows_of(text: str) -> dict[str, list[str]]:
    """The cells of the first table in a text, by their first cell."""
    lines = text[text.index("\n| ") :].partition("\n\n")[0].strip().splitlines()
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    return {first: rest for first, *rest in cells}


def tree(folder: Path) -> ElementTree.Element:
    return ElementTree.fromstring(
        (folder / "report.html").read_text().replace("<!DOCTYPE html>", "")
    )


def test_numbers_are_the_estimates_of_the_rows(report: Path) -> None:
    table = rows_of(section(readme(report), "**How close to the truth**: box", "**How it looks"))
    assert table["method"] == ["PSNR (dB) ↑", "SSIM ↑"]
    for name, shown in ((CLOSE_BY, CLOSE_BY), (BAD, BAD)):
        one = estimate(values(name)["hole_psnr"])
        assert f"{one.mean:.2f}" in table[shown][0]
        assert f"{one.low:.2f} to {one.high:.2f}" in table[shown][0]


def test_only_methods_apart_are_ranked(report: Path) -> None:
    table = rows_of(section(readme(report), "**How close to the truth**: box", "**How it looks"))
    ranks = [cells[0].split("#")[1][0] for name, cells in table.items() if "#" in cells[0]]
    assert ranks == ["1", "1", "4", "3"]
    bold = [name for name, cells in table.items() if cells[0].startswith("**")]
    assert bold == [GOOD, CLOSE_BY]


def test_medians_perfect_fills_and_failures_are_told(report: Path) -> None:
    table = rows_of(section(readme(report), "**How it looks**: box", "####"))
    header = ["feature distance ↓", "Fréchet ↓", "sharpness → 1", "perfect", "failed"]
    assert table["method"] == header
    low, middle, high = np.nanquantile(values(BAD)["sharpness"], [0.25, 0.5, 0.75])
    assert table[BAD][2] == f"{middle:.2f}<br /><small>{low:.2f} to {high:.2f}</small>"
    assert table[BAD][1] == "56.8<br /><small>39 pictures</small>"
    assert table[CLOSE_BY][1] == "–"
    assert [table[GOOD][3], table[BAD][3]] == ["3", "0"]
    assert [table[GOOD][4], table[BAD][4]] == ["0", "1"]
    assert "no &#60;memory&#62; &#124; left" in section(readme(report), "### Failures")


def test_error_against_hole_ratio_where_there_are_several(report: Path) -> None:
    table = rows_of(
        section(readme(report), "<details><summary>Numbers by hole ratio", "</details>")
    )
    assert table["method"] == [f"{r} %<br />n = 20" for r in ("10-20", "20-30")]
    one = estimate(values(ODD)["hole_psnr"][RATIOS == 0.25])
    (odd,) = [cells for name, cells in table.items() if name.startswith("a&#124;b")]
    assert f"{one.low:.2f} to {one.high:.2f}" in odd[1]
    assert (report / "faces-co-test" / "box_hole_psnr_by_ratio.svg").exists()
    assert not (report / "faces-co-test" / "centre_hole_psnr_by_ratio.svg").exists()


def test_bins_of_few_pictures_are_not_plotted(tmp_path: Path) -> None:
    evaluation = make(tmp_path / "evaluation")
    for name in METHODS:
        kept = values(name)
        kept["hole_ratio"] = np.where(np.arange(NUM_PICTURES) < 9, 0.15, 0.25)
        rows = replace(evaluation.rows("box", name), values=kept)
        write_rows(rows_path(evaluation.path, "box", name), rows)
    write_report([evaluation.path], tmp_path / "out")
    assert "n = 9" in readme(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("box*_by_ratio.svg"))


def test_time_names_who_is_not_faster(report: Path) -> None:
    table = rows_of(section(readme(report), "### Time and size", "\n### "))
    assert table[GOOD][:3] == ["5,485,188", "11.1", "abababababab"]
    assert table[GOOD][3:] == ["80.0", "70.0 to 90.0", CLOSE_BY]
    assert table[BAD] == ["–", "–", "–", "2.0", "1.0 to 3.0", "–"]


def test_what_was_asked_is_told(report: Path) -> None:
    text = readme(report)
    for fact in ("50 x 37 pixels", "Seed of the holes: 7", "restauro 1.2.3", "`cae9aa4c8d16`"):
        assert fact in text
    assert "restauro evaluate --data banks/*" in "".join(tree(report).itertext())


def test_every_picture_is_in_the_page(report: Path) -> None:
    files = {p.relative_to(report).as_posix() for p in report.rglob("*.*g") if p.suffix == ".svg"}
    files |= {p.relative_to(report).as_posix() for p in report.rglob("*.webp")}
    assert len([name for name in files if name.endswith(".webp")]) == 2
    named = re.findall(r"!\[[^]]*\]\(([^)]*)\)", readme(report))
    assert sorted(named) == sorted(files)
    elements = list(tree(report).iter())
    shown = [e for e in elements if e.tag == "img" or e.tag.endswith("}svg")]
    assert len(shown) == len(files)
    assert all(e.get("alt") or e.get("aria-label") for e in shown)


def test_page_asks_nothing_of_others(report: Path) -> None:
    text = (report / "report.html").read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(link.startswith(("data:image/", "#")) for link in links)


def test_odd_names_stand_for_themselves(report: Path) -> None:
    root = tree(report)
    cells = [" ".join("".join(e.itertext()).split()) for e in root.iter("th")]
    assert ODD in cells
    assert ODD_PICTURE in "".join(root.itertext())
    assert [e.text for e in root.iter("h2")] == ["faces & <co>, test"]


def test_headings_leave_out_no_level(report: Path) -> None:
    levels = [int(e.tag[1]) for e in tree(report).iter() if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_tables_are_there_for_programs(report: Path) -> None:
    with (report / "tables" / "faces-co-test_scores.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == CLOSE_BY]
    (row,) = [
        row
        for row in rows
        if (row["task"], row["metric"], row["hole_ratio"]) == ("box", "hole_psnr", "all")
    ]
    one = estimate(values(CLOSE_BY)["hole_psnr"])
    shown = [float(row[name]) for name in ("mean", "low", "high")]
    assert shown == pytest.approx([one.mean, one.low, one.high], rel=1e-5)  # six digits
    assert (row["rank"], row["num_finite"]) == ("1", "40")
    with (report / "tables" / "faces-co-test_methods.csv").open() as file:
        costs = {row["name"]: row for row in csv.DictReader(file)}
    assert (costs[GOOD]["parameters"], costs[GOOD]["median"]) == ("5485188", "80")
    assert costs[ODD]["median"] == ""


def test_same_evaluation_gives_the_same_bytes(report: Path, tmp_path: Path) -> None:
    make(tmp_path / "evaluation")
    write_report([tmp_path / "evaluation"], tmp_path / "out")
    files = sorted(p.relative_to(report) for p in report.rglob("*") if p.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*") if p.is_file()
    )
    assert len(files) > 6
    for name in files:
        assert (report / name).read_bytes() == (tmp_path / "out" / name).read_bytes(), name


def test_what_is_missing_is_left_out(tmp_path: Path) -> None:
    bare = make(tmp_path / "evaluation", leave_out=("hole_feature_distance", "hole_ratio"))
    methods = [MethodRecord(name, name, None, None, None) for name in METHODS]
    write_evaluation(
        replace(bare, methods=methods, timing={}, sets=[], examples=[], failures=[], environment={})
    )
    write_report([tmp_path / "evaluation"], tmp_path / "out")
    text = readme(tmp_path / "out")
    for absent in ("feature distance", "Fréchet ↓", "Time and size", "Failures", "Pictures\n"):
        assert absent not in text
    assert "PSNR (dB) ↑" in text
    assert (tmp_path / "out" / "report.html").exists()


def test_several_evaluations_are_chapters(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        make(folder)
    write_report(folders, tmp_path / "out")
    assert [e.text for e in tree(tmp_path / "out").iter("h2")] == ["faces & <co>, test"] * 2
    names = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert names == {"faces-co-test", "faces-co-test-2", "tables"}


def test_long_list_of_failures_is_cut(tmp_path: Path) -> None:
    evaluation = make(tmp_path / "evaluation")
    many = [Failure("box", BAD, f"{i}.png", "gave up") for i in range(105)]
    write_evaluation(replace(evaluation, failures=many))
    write_report([evaluation.path], tmp_path / "out")
    text = section(readme(tmp_path / "out"), "### Failures")
    assert text.count("gave up |") == 100
    assert "5 more are in the evaluation's failures.csv" in text


def test_folder_that_is_no_evaluation_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="make one with `restauro evaluate`"):
        write_report([tmp_path], tmp_path / "out")
    assert not (tmp_path / "out").exists()
