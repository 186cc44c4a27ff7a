from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.store import (
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
from restauro.metrics.statistics import estimate
from restauro.picture.write import write_image
from restauro.report.evaluations import write_readme, write_report

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
        sets=[SetScore("box", GOOD, NUM_PICTURES, 12.34, 0.5), SetScore("box", BAD, 39, 56.78)],
        timing={
            GOOD: Timing(80, 70, 90, 7),
            CLOSE_BY: Timing(85, 75, 95, 7),
            BAD: Timing(2, 1, 3, 7),
        },
        failures=[Failure("box", BAD, "5.png", "no <memory> | left")],
        examples=[Example("box", 0, ODD_PICTURE, "worst"), Example("box", 5, "5.png", "dark")],
        bank_sha256="0123",
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


def short_table(folder: Path) -> list[list[str]]:
    """The rows of the short page's table, with its header and the line below."""
    lines = readme(folder).splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]


def tree(folder: Path) -> ElementTree.Element:
    return ElementTree.fromstring(
        (folder / "report.html").read_text().replace("<!DOCTYPE html>", "")
    )


def words(element: ElementTree.Element) -> str:
    """The text of an element, with `<br />` as a blank."""
    for line in element.iter("br"):
        line.tail = f" {line.tail or ''}"
    return " ".join("".join(element.itertext()).split())


def table(folder: Path, caption: str) -> dict[str, list[str]]:
    """The cells of the table whose caption begins so, by their first cell."""
    figures = [e for e in tree(folder).iter("figure") if e.get("class") == "table"]
    found = next(e for e in figures if words(e[0]).startswith(caption))
    rows = [[words(cell) for cell in row] for row in found.iter("tr")]
    return {first: rest for first, *rest in rows}


def lines(folder: Path, what: str) -> list[dict[str, str]]:
    """The lines of a CSV table."""
    with (folder / "tables" / f"faces-co-test_{what}.csv").open() as file:
        return list(csv.DictReader(file))


def test_numbers_are_the_estimates_of_the_rows(report: Path) -> None:
    found = table(report, "How close to the truth: box")
    assert found["method"] == ["PSNR (dB) ↑", "SSIM ↑"]
    for name in (CLOSE_BY, BAD):
        one = estimate(values(name)["hole_psnr"])
        assert found[name][0].startswith(f"{one.mean:.2f} {one.low:.2f} to {one.high:.2f} · ")
    assert found[BAD][0].endswith(" 1 missing")
    assert found[GOOD][0].endswith(" 3 perfect")


def test_only_methods_apart_are_ranked(report: Path) -> None:
    found = table(report, "How close to the truth: box")
    ranks = [cells[0].split("#")[1][0] for name, cells in found.items() if "#" in cells[0]]
    assert ranks == ["1", "1", "4", "3"]
    header, _, (_, *cells), *_ = short_table(report)
    best = [name for name, cell in zip(header[1:], cells, strict=True) if "**" in cell]
    assert best == [GOOD, CLOSE_BY]


def test_pairs_are_told_in_words_and_in_numbers(report: Path) -> None:
    words = table(report, "PSNR (dB) ↑ in words")
    assert words["method"] == ["better than", "worse than", "not told apart from"]
    assert words[GOOD] == [f"{BAD}, {ODD}", "–", CLOSE_BY]
    assert words[ODD] == [BAD, f"{GOOD}, {CLOSE_BY}", "–"]
    numbers = table(report, "PSNR (dB) ↑: the row's method minus the column's")
    assert numbers["method"] == METHODS
    (pair,) = [
        line
        for line in lines(report, "pairs")
        if (line["task"], line["hole_ratio"], line["metric"]) == ("box", "all", "hole_ssim")
        and (line["method"], line["other"]) == (BAD, ODD)
    ]
    assert (pair["verdict"], pair["num_pictures"]) == ("worse than", "39")
    difference = np.nanmean(values(BAD)["hole_ssim"] - values(ODD)["hole_ssim"])
    assert float(pair["mean"]) == pytest.approx(difference, rel=1e-5)
    assert float(pair["low"]) < difference < float(pair["high"]) < 0
    numbers = table(report, "SSIM ↑: the row's method minus the column's")
    low, high = float(pair["low"]), float(pair["high"])
    assert numbers[BAD][3] == f"{difference:+.3f} {low:+.3f} to {high:+.3f}"
    assert numbers[ODD][2] == f"{-difference:+.3f} {-high:+.3f} to {-low:+.3f}"


def test_medians_perfect_fills_and_failures_are_told(report: Path) -> None:
    found = table(report, "How it looks: box")
    assert found["method"] == [
        "feature distance ↓",
        "Fréchet ↓",
        "Fréchet (ST-LPIPS) ↓",
        "sharpness → 1",
    ]
    low, middle, high = np.nanquantile(values(BAD)["sharpness"], [0.25, 0.5, 0.75])
    assert (found[GOOD][2], found[BAD][2]) == ("0.5000", "–")
    assert found[BAD][3] == f"{middle:.2f} {low:.2f} to {high:.2f} 1 missing"
    assert found[BAD][1] == "56.8 1 missing"
    assert found[CLOSE_BY][1] == "–"
    assert table(report, "Given up")["box"] == [BAD, "5.png", "no <memory> | left"]


def test_error_against_hole_ratio_where_there_are_several(report: Path) -> None:
    found = table(report, "PSNR (dB) ↑ by hole ratio")
    assert found["method"] == [f"{r} % n = 20" for r in ("10-20", "20-30")]
    one = estimate(values(ODD)["hole_psnr"][RATIOS == 0.25])
    assert f"{one.low:.2f} to {one.high:.2f}" in found[ODD][1]
    assert (report / "faces-co-test" / "faces-co-test_box_hole_psnr_by_ratio.svg").exists()
    assert not (report / "faces-co-test" / "faces-co-test_centre_hole_psnr_by_ratio.svg").exists()


def test_bins_of_few_pictures_are_not_plotted(tmp_path: Path) -> None:
    evaluation = make(tmp_path / "evaluation")
    for name in METHODS:
        kept = values(name)
        kept["hole_ratio"] = np.where(np.arange(NUM_PICTURES) < 9, 0.15, 0.25)
        rows = replace(evaluation.rows("box", name), values=kept)
        write_rows(rows_path(evaluation.path, "box", name), rows)
    write_report([evaluation.path], tmp_path / "out")
    assert table(tmp_path / "out", "PSNR (dB) ↑ by hole ratio")["method"][0] == "10-20 % n = 9"
    assert not list((tmp_path / "out").rglob("*_box*_by_ratio.svg"))


def test_time_names_who_is_not_faster(report: Path) -> None:
    found = table(report, "Size and time")
    assert found[GOOD][:3] == ["5,485,188", "11.1", "abababababab"]
    assert found[GOOD][3:] == ["80.0", "70.0 to 90.0", CLOSE_BY]
    assert found[BAD] == ["–", "–", "–", "2.0", "1.0 to 3.0", "–"]


def test_what_was_asked_is_told(report: Path) -> None:
    page = words(tree(report))
    for fact in ("50 x 37 pixels", "Seed of the holes: 7", "cae9aa4c8d16"):
        assert fact in page
    block = (report / "tables" / "faces-co-test_stated.txt").read_text()
    for line in (
        "restauro: 1.2.3",
        "bank sha256: 0123",
        "command: restauro evaluate --data banks/*",
        "task box: cae9aa4c8d16, 40 pictures",
        f"weights of {GOOD}: SHA-256 {'ab' * 32}",
    ):
        assert line in block.splitlines()
    assert [e.text for e in tree(report).iter("pre")] == [block.rstrip("\n")]
    assert "restauro evaluate --data banks/*" in page
    short = readme(report)
    for fact in ("50 x 37 pixels, seed 7", "restauro 1.2.3", "`cae9aa4c8d16` (40 pictures)"):
        assert fact in short
    facts = {line["fact"]: line["value"] for line in lines(report, "facts")}
    assert facts["command"] == "restauro evaluate --data banks/*"


def test_every_picture_is_in_the_page(report: Path) -> None:
    files = [*report.rglob("*.svg"), *report.rglob("*.webp")]
    assert len([path for path in files if path.suffix == ".webp"]) == 2
    shown = [e for e in tree(report).iter() if e.tag == "img" or e.get("class") == "plot"]
    assert len(shown) == len(files)
    assert all(e.get("alt") or e.get("aria-label") for e in shown)


def test_the_short_page_is_one_table_a_set(report: Path) -> None:
    text = readme(report)
    header, _, *rows = short_table(report)
    measures = [f"{task}: {what}" for task in ("box", "centre") for what in
                ("PSNR (dB) ↑", "feature distance ↓")]  # fmt: skip
    assert [row[0] for row in rows] == [*measures, "MB", "ms"]
    one = estimate(values(CLOSE_BY)["hole_psnr"])
    assert header[:3] == ["method", GOOD, CLOSE_BY]
    mean, half = rows[0][2].split(" ± ")
    assert float(mean.strip("*")) == pytest.approx(one.mean, abs=0.005)
    assert float(half) == pytest.approx((one.high - one.low) / 2, abs=0.006)
    assert [row[1] for row in rows[-2:]] == ["11.1", "80.0"]
    assert [row[4] for row in rows[-2:]] == ["–", "–"]
    assert len(text) < 3000


def test_the_short_page_is_made_of_the_tables_alone(report: Path, tmp_path: Path) -> None:
    shutil.copytree(report / "tables", tmp_path / "tables")
    write_readme(tmp_path, ["faces-co-test"])
    assert readme(tmp_path) == readme(report)
    (tmp_path / "tables" / "faces-co-test_scores.csv").unlink()
    with pytest.raises(BadDataError, match="has no tables of faces-co-test; make them"):
        write_readme(tmp_path, ["faces-co-test"])


def test_page_asks_nothing_of_others(report: Path) -> None:
    text = (report / "report.html").read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(link.startswith(("data:image/", "#")) for link in links)


@pytest.mark.parametrize("name", ["docs/evaluation", "docs/evaluation/references"])
def test_committed_short_page_is_made_of_the_committed_tables(name: str, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / name
    shutil.copytree(folder / "tables", tmp_path / "tables")
    write_readme(tmp_path, ["celeba-test", "fairface-val", "aircraft-test"])
    assert readme(tmp_path) == readme(folder)


def test_odd_names_stand_for_themselves(report: Path) -> None:
    root = tree(report)
    assert ODD in [words(e) for e in root.iter("th")]
    assert ODD_PICTURE in words(root)
    assert [e.text for e in root.iter("h2")] == ["faces & <co>, test"]
    assert "## faces &#38; &#60;co&#62;, test" in readme(report)


def test_headings_leave_out_no_level(report: Path) -> None:
    levels = [int(e.tag[1]) for e in tree(report).iter() if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_tables_are_there_for_programs(report: Path) -> None:
    def line(metric: str, method: str) -> dict[str, str]:
        (found,) = [
            line
            for line in lines(report, "scores")
            if (line["metric"], line["method"]) == (metric, method)
            and (line["task"], line["hole_ratio"]) == ("box", "all")
        ]
        return found

    row, one = line("hole_psnr", CLOSE_BY), estimate(values(CLOSE_BY)["hole_psnr"])
    shown = [float(row[name]) for name in ("mean", "low", "high")]
    assert shown == pytest.approx([one.mean, one.low, one.high], rel=1e-5)  # six digits
    assert (row["rank"], row["num_finite"], row["better"], row["median"]) == (
        "1",
        "40",
        "higher",
        "",
    )
    quartiles = [
        float(line("sharpness", ODD)[name])
        for name in ("first_quartile", "median", "third_quartile")
    ]
    expected = np.quantile(values(ODD)["sharpness"], [0.25, 0.5, 0.75])
    assert quartiles == pytest.approx(list(expected), rel=1e-5)
    distance = line("frechet_feature_distance", BAD)
    assert (distance["mean"], distance["num_finite"], distance["low"]) == ("56.78", "39", "")
    costs = {row["name"]: row for row in lines(report, "methods")}
    assert (costs[GOOD]["parameters"], costs[GOOD]["median"]) == ("5485188", "80")
    assert costs[ODD]["median"] == ""
    assert not (report / "tables" / "faces-co-test_groups.csv").exists()  # nothing to group by


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
    page = words(tree(tmp_path / "out"))
    for absent in ("feature distance", "Fréchet ↓", "Time and size", "Failures", "Pictures "):
        assert absent not in page.partition("method PSNR")[2]
    assert "PSNR (dB) ↑" in page
    assert "feature distance" not in readme(tmp_path / "out")


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
    page = words(tree(tmp_path / "out"))
    assert page.count(".pnggave up") == 100
    assert "5 more are in the table of failures" in page


def test_folder_that_is_no_evaluation_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="make one with `restauro evaluate`"):
        write_report([tmp_path], tmp_path / "out")
    assert not (tmp_path / "out").exists()
