from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest

from restauro.report.evaluations import escaped
from restauro.report.page import Cell, Picture, Section, Table, cells, write_page
from restauro.report.plots import plot_lines, save

XLINK = "{http://www.w3.org/1999/xlink}href"
ODD = [
    "a|b",
    "<b>bold</b> & co",
    "*x* _y_ __z__ `c` ~~s~~ $m$",
    "[link](http://example.org) ![i](j.png)",
    "&amp; &#42; \\* \"quoted\" 'too'",
    "navier_stokes_2",
    "# no heading",
    "顔 é ☺",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two plots that share identifiers, and a picture."""
    path = tmp_path_factory.mktemp("page")
    for name in ("one", "two"):
        figure = plot_lines({name: ([1, 2], [3, 4])}, x_label="x", y_label="y", title=name)
        save(figure, path / "plots" / f"{name}.svg")
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path / "sheet.webp", lossless=True)
    return path


def page(folder: Path, *sections: Section) -> str:
    output = folder / "page.html"
    write_page(sections, output, title="A <page>", subtitle="of two & more")
    return output.read_text()


def picture(folder: Path, description: str, name: str, *caption: str) -> Picture:
    return Picture(folder / name, description, *caption)


def tree(text: str) -> ElementTree.Element:
    """The page as XML: only what is well-formed can be read."""
    return ElementTree.fromstring(text.replace("<!DOCTYPE html>", ""))


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_page_holds_its_pictures_and_asks_nobody(folder: Path) -> None:
    plots = [picture(folder, f"the {name}", f"plots/{name}.svg") for name in ("one", "two")]
    sheet = picture(folder, "a sheet", "sheet.webp", "Worst.", " Of all.")
    text = page(folder, Section("Title", plots=plots, sheets=[sheet]))
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"url\((?!#)|@import|<script|<link", text)
    (data,) = [link for link in links if link.startswith("data:image/webp;base64,")]
    assert base64.b64decode(data.partition(",")[2]) == (folder / "sheet.webp").read_bytes()
    root = tree(text)
    drawings = [e for e in root.iter("figure") if e.get("class") == "plot"]
    assert [e.get("aria-label") for e in drawings] == ["the one", "the two"]
    assert all(e[0].tag.endswith("}svg") for e in drawings)
    (figure,) = [e for e in root.iter("figure") if e.get("class") == "sheet"]
    assert [child.tag for child in figure] == ["img", "figcaption"]
    assert words(figure) == "Worst. Of all."


def test_identifiers_are_unique_and_pointed_at(folder: Path) -> None:
    plots = [picture(folder, name, f"plots/{name}.svg") for name in ("one", "two")]
    parts = [Section("Part", plots=plots), Section("Part")]
    root = tree(page(folder, Section("Title", sections=parts)))
    identifiers = [value for e in root.iter() if (value := e.get("id"))]
    assert len(identifiers) == len(set(identifiers))
    targets = {v[1:] for e in root.iter() if (v := e.get("href", e.get(XLINK, ""))).startswith("#")}
    assert targets <= set(identifiers)
    assert len(targets) > 4


def test_contents_lead_to_the_headings(folder: Path) -> None:
    deepest = Section("Deeper", sections=[Section("Deepest")])
    root = tree(page(folder, Section("One & only", sections=[deepest, Section("Beside")])))
    links = {words(a): a.get("href", "")[1:] for a in root.iterfind(".//nav//a")}
    assert list(links) == ["One & only", "Deeper", "Beside"]
    headings = {e.get("id"): words(e) for e in root.find("body/main") or [] if e.tag[0] == "h"}
    assert {headings[target] for target in links.values()} == set(links)


def test_table_has_a_caption_and_headers_and_scrolls(folder: Path) -> None:
    rows = [[Cell("telea"), Cell("1.50", ("1 to 2", "#1"), is_bold=True)], cells("mean", "–")]
    root = tree(
        page(
            folder,
            Section("Title", tables=[Table("PSNR", cells("method", "dB ↑"), rows, " in dB")]),
        )
    )
    figure = root.find(".//figure")
    assert figure is not None
    assert words(figure[0]) == "PSNR in dB"
    assert figure[0].tag == "figcaption"
    assert (figure[1].get("role"), figure[1].get("tabindex")) == ("region", "0")
    assert figure[1].get("aria-label") == "PSNR in dB"
    assert [th.get("scope") for th in figure.iterfind(".//th")] == ["col", "col", "row", "row"]
    one, none = figure.iterfind(".//td")
    assert [one.get("class"), none.get("class")] == ["number", "number"]
    assert [e.tag for e in one.iter()] == ["td", "strong", "br", "small", "br"]


def test_columns_of_words_are_not_set_as_numbers() -> None:
    long = Cell("1.45", ("0.58 to 2.27, chance 0.012", "worst: 5 (L* 0 to 41)"))
    rows = [[*cells("telea", "abc"), long, *cells("–")], cells("mean", "12", "–", "–")]
    assert Table("", cells("", "name", "gap", ""), rows).kinds == ["name", "name", "text", "name"]


def test_folded_tables_have_a_summary(folder: Path) -> None:
    numbers = Table("Numbers", cells("a", "b"), [cells("c", "1")])
    root = tree(page(folder, Section("Title", folded=[numbers], fold_title="More")))
    details = root.find(".//details")
    assert details is not None
    assert words(details[0]) == "More"
    assert details.find(".//td") is not None
    assert details.find(".//figcaption") is not None


@pytest.mark.parametrize("name", ODD)
def test_odd_names_stand_for_themselves(folder: Path, name: str) -> None:
    table = Table(name, cells(name, "n"), [cells(name, "1")])
    section = Section(
        name,
        facts=[name],
        texts=[name],
        tables=[table],
        plots=[picture(folder, name, "plots/one.svg")],
        folded=[table],
        fold_title=name,
    )
    root = tree(page(folder, section))
    whole = " ".join(name.split())
    for path in (
        ".//h2",
        ".//summary",
        ".//thead/tr/th",
        ".//tbody/tr/th",
        ".//nav//a",
        ".//li",
        ".//main/ul/li",
    ):
        found = root.find(path)
        assert found is not None
        assert words(found) == whole, path
    labels = [e.get("aria-label") for e in root.iter("figure") if e.get("class") == "plot"]
    assert labels == [whole]


def test_signs_that_no_page_can_show_are_replaced() -> None:
    assert escaped("a\x02b\udcffc\nd") == "a\ufffdb\ufffdc d"
