from __future__ import annotations

import base64
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest

from restauro.errors import MissingExtraError
from restauro.reports.html_page import write_html_page
from restauro.reports.markdown_parts import escaped, folded, picture, table
from restauro.reports.plots import plot_lines, save

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


def page(folder: Path, *parts: str) -> str:
    output = folder / "page.html"
    write_html_page("\n\n".join(parts) + "\n", folder, output, title="A <page>")
    return output.read_text()


def tree(text: str) -> ElementTree.Element:
    """The page as XML: only what is well-formed can be read."""
    return ElementTree.fromstring(text.replace("<!DOCTYPE html>", ""))


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_page_holds_its_pictures_and_asks_nobody(folder: Path) -> None:
    text = page(
        folder,
        "# Title",
        picture("the first", "plots/one.svg"),
        picture("the second", "plots/two.svg"),
        picture("a sheet", "sheet.webp"),
    )
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"url\((?!#)|@import|<script|<link", text)
    (data,) = [link for link in links if link.startswith("data:image/webp;base64,")]
    assert base64.b64decode(data.partition(",")[2]) == (folder / "sheet.webp").read_bytes()
    drawings = [e for e in tree(text).iter() if e.tag.endswith("}svg")]
    assert [e.get("aria-label") for e in drawings] == ["the first", "the second"]


def test_identifiers_are_unique_and_pointed_at(folder: Path) -> None:
    plots = [picture("one", "plots/one.svg")] * 2 + [picture("two", "plots/two.svg")]
    root = tree(page(folder, "# Title", "## Part", "## Part", *plots))
    identifiers = [value for e in root.iter() if (value := e.get("id"))]
    assert len(identifiers) == len(set(identifiers))
    targets = {v[1:] for e in root.iter() if (v := e.get("href", "")).startswith("#")}
    assert targets <= set(identifiers)
    assert len(targets) > 4


def test_contents_lead_to_the_headings(folder: Path) -> None:
    root = tree(page(folder, "# Title", "## One & only", "### Deeper", "#### Deepest"))
    links = {words(a): a.get("href", "")[1:] for a in root.iterfind(".//nav//a")}
    assert list(links) == ["One & only", "Deeper"]
    headings = {e.get("id"): words(e) for e in root.find("body/main") or [] if e.tag[0] == "h"}
    assert {headings[target] for target in links.values()} == set(links)


def test_table_has_a_caption_and_headers_and_scrolls(folder: Path) -> None:
    rows = [["telea", "1.50<br /><small>1 to 2</small>"], ["mean", "–"]]
    root = tree(page(folder, "**PSNR** in dB", table(["method", "dB ↑"], rows)))
    figure = root.find(".//figure")
    assert figure is not None
    assert words(figure[0]) == "PSNR in dB"
    assert figure[0].tag == "figcaption"
    assert (figure[1].get("role"), figure[1].get("tabindex")) == ("region", "0")
    assert figure[1][0].tag == "table"
    assert [th.get("scope") for th in figure.iterfind(".//th")] == ["col", "col", "row", "row"]
    assert [td.get("class") for td in figure.iterfind(".//td")] == ["number", "number"]


def test_columns_of_words_are_not_set_as_numbers(folder: Path) -> None:
    long = "1.45 (0.58 to 2.27), worst 5 (L* 0 to 41), chance 0.012"
    rows = [["telea", "abc", long], ["mean", "12", "–"]]
    root = tree(page(folder, table(["", "name", "gap"], rows)))
    kinds = [td.get("class") for td in root.iterfind(".//td")]
    assert kinds == ["name", "text"] * 2


def test_bold_paragraph_after_a_picture_is_its_caption(folder: Path) -> None:
    root = tree(page(folder, picture("a sheet", "sheet.webp"), "**Worst.** Of all.", "After it."))
    figure = root.find(".//figure")
    assert figure is not None
    assert [child.tag for child in figure] == ["img", "figcaption"]
    assert words(figure) == "Worst. Of all."


def test_folded_parts_are_markdown(folder: Path) -> None:
    root = tree(page(folder, folded("More", "**Numbers**", table(["a", "b"], [["c", "1"]]))))
    details = root.find(".//details")
    assert details is not None
    assert words(details[0]) == "More"
    assert details.find(".//td") is not None
    assert details.find(".//figcaption") is not None


@pytest.mark.parametrize("name", ODD)
def test_odd_names_stand_for_themselves(folder: Path, name: str) -> None:
    odd = escaped(name)
    parts = [f"## {odd}", f"Text {odd}.", table([odd, "n"], [[odd, "1"]])]
    text = page(folder, *parts, folded(odd, odd), picture(name, "plots/one.svg"))
    root = tree(text)
    whole = " ".join(name.split())
    for path in (".//h2", ".//summary", ".//thead/tr/th", ".//tbody/tr/th", ".//nav//a"):
        found = root.find(path)
        assert found is not None
        assert words(found) == whole, path
    labels = [e.get("aria-label") for e in root.iter() if e.tag.endswith("}svg")]
    assert labels == [whole]
    assert f"Text {whole}." in words(root)


def test_signs_that_no_page_can_show_are_replaced() -> None:
    assert escaped("a\x02b\udcffc\nd") == "a\ufffdb\ufffdc d"


def test_page_without_the_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "markdown", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[evaluate\]'"):
        page(tmp_path, "# Title")
    assert not list(tmp_path.iterdir())
