from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_evaluations import BAD, CLOSE_BY, GOOD, ODD, make

from restauro.report.evaluations import write_report
from restauro.report.latex import DOCUMENT, escaped
from restauro.report.tables import SetTables, short

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report with LaTeX."""
    folder = tmp_path_factory.mktemp("latex")
    make(folder / "evaluation")
    write_report([folder / "evaluation"], folder / "out", latex=True)
    return folder / "out"


def compiled(folder: Path, name: str) -> str:
    """What pdflatex says of a file that it makes a PDF of."""
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    return said


def rows(folder: Path, task: str) -> dict[str, list[str]]:
    text = (folder / "tables" / f"faces-co-test_{task}.tex").read_text()
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))
    lines = [line.removesuffix(r" \\") for line in text.splitlines() if line.endswith(r"\\")]
    return {first: rest for first, *rest in (re.split(" & ", line) for line in lines)}


def test_table_has_the_means_and_the_best_in_bold(report: Path) -> None:
    found = rows(report, "box")
    assert found["method"] == [
        r"PSNR (dB) $\uparrow$",
        r"SSIM $\uparrow$",
        r"feature distance $\downarrow$",
        r"Fréchet $\downarrow$",
        r"Fréchet (ST{-}LPIPS) $\downarrow$",
    ]
    assert list(found)[1:] == [escaped(name) for name in (GOOD, CLOSE_BY, BAD, ODD)]
    tables = SetTables.read(report / "tables", "faces-co-test")
    for name in (GOOD, BAD):
        (line,) = tables.scores(task="box", metric="hole_psnr", method=name, hole_ratio="all")
        cell = short(line)
        number = rf"\textbf{{{cell.text}}}" if name == GOOD else cell.text
        assert found[escaped(name)][0] == number + cell.small[0].replace("±", r"$\pm$")
    assert [r"\textbf" in cells[0] for cells in found.values()] == [False, True, True, False, False]
    assert found[BAD][3:] == ["56.8", "--"]


def test_every_plot_is_there_as_pdf_and_in_the_document(report: Path) -> None:
    text = (report / DOCUMENT).read_text()
    plots = {path.relative_to(report).as_posix() for path in report.rglob("*.pdf")}
    assert plots == set(re.findall(r"\\includegraphics\[.*?\]\{(.*?)\}", text))
    assert {path.removesuffix(".pdf") for path in plots} == {
        path.relative_to(report).as_posix().removesuffix(".svg") for path in report.rglob("*.svg")
    }
    assert all((report / f"{name}.tex").is_file() for name in re.findall(r"\\input\{(.*?)\}", text))
    assert "seed: 7" in text


def test_a_report_without_latex_leaves_none_of_it(report: Path, tmp_path: Path) -> None:
    shutil.copytree(report, tmp_path / "out")
    make(tmp_path / "evaluation")
    write_report([tmp_path / "evaluation"], tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.suffix in (".tex", ".pdf")]


@needs_latex
def test_document_compiles(report: Path) -> None:
    said = compiled(report, DOCUMENT)
    assert (report / DOCUMENT).with_suffix(".pdf").is_file()
    assert "Warning: Reference" not in said


@needs_latex
def test_any_name_compiles(tmp_path: Path) -> None:
    odd = "".join(chr(code) for code in range(33, 0x250)) + "顔☺\N{RIGHTWARDS ARROW}"
    text = "\n\n".join(escaped(odd[i : i + 16]) for i in range(0, len(odd), 16))
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\begin{document}\n"
    (tmp_path / "odd.tex").write_text(head + text + "\n\\end{document}\n")
    compiled(tmp_path, "odd.tex")


def test_signs_of_latex_stand_for_themselves() -> None:
    assert escaped("50 % of a_b & {c} \\ d--e é 顔") == (
        r"50 \% of a\_b \& \{c\} \textbackslash{} d{-}{-}e é [U+9854]"
    )
