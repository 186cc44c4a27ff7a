"""Markdown with its pictures as one HTML file, which asks no other file and no other host."""

from __future__ import annotations

import base64
import html
import importlib
import mimetypes
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from restauro.errors import MissingExtraError
from restauro.files import whole_file
from restauro.reports.svg import inlined

EXTENSIONS = ("attr_list", "md_in_html", "tables", "toc")
TOC_DEPTH = "2-3"
AFTER_INLINE = 15
"""Priority among Python-Markdown's tree processors: images exist, nothing is printed yet."""
MAX_NUMBER_LETTERS = 32
"""A cell with more is a text that lines may break, whatever it begins with."""
_NUMBER = re.compile(r"\s*([-+−±]?\d|[–—-]?\s*$)")
_PLACEHOLDER = re.compile("\x02.*?\x03")
"""What Python-Markdown writes for HTML until the end."""


def write_html_page(markdown: str, folder: Path, output: Path, *, title: str) -> None:
    """Writes `markdown`, whose pictures are named as seen from `folder`, as the file `output`.

    SVG becomes a part of the page, other pictures data URIs. A paragraph that begins in bold
    right before a table, or right after a picture, becomes its caption.

    Raises:
        MissingExtraError: The package Markdown is not installed.
    """
    converter = _converter()
    converter.treeprocessors.register(_Arranger(converter, folder), "arrange", AFTER_INLINE)
    body = converter.convert(re.sub(r"^<details>", '<details markdown="1">', markdown, flags=re.M))
    with whole_file(output) as aside:
        aside.write_text(
            PAGE.format(title=html.escape(title), style=STYLE, contents=converter.toc, body=body),
            encoding="utf-8",
        )


def _converter() -> Any:
    try:
        package: Any = importlib.import_module("markdown")
        slugs: Any = importlib.import_module("markdown.extensions.toc")
    except ImportError as error:
        raise MissingExtraError(
            "the page needs Markdown; install it with `pip install 'restauro[evaluate]'`"
        ) from error
    settings = {"toc": {"toc_depth": TOC_DEPTH, "slugify": slugs.slugify_unicode}}
    return package.Markdown(
        extensions=list(EXTENSIONS), extension_configs=settings, output_format="xhtml"
    )


class _Arranger:
    """A tree processor of Python-Markdown: pictures and tables become figures with captions."""

    def __init__(self, converter: Any, folder: Path) -> None:
        self.converter = converter
        self.folder = folder
        self.num_drawings = 0

    def run(self, root: Element) -> None:
        """Arranges everything below `root`."""
        children: list[Element] = []
        for child in root:
            self.run(child)
            before = children[-1] if children else None
            if child.tag == "table":
                caption = children.pop() if before is not None and _is_caption(before) else None
                children.append(_table_figure(child, caption))
            elif child.tag == "p" and len(child) == 1 and child[0].tag == "img":
                children.append(self._picture_figure(child[0]))
            else:
                children.append(child)
        root[:] = _gathered(_captioned(children))

    def _picture_figure(self, image: Element) -> Element:
        path, label = self.folder / image.get("src", ""), html.unescape(image.get("alt", ""))
        if path.suffix == ".svg":
            self.num_drawings += 1
            svg = inlined(path.read_text(encoding="utf-8"), f"p{self.num_drawings}-", label)
            figure = Element("figure", {"class": "plot"})
            figure.text = self.converter.htmlStash.store(svg)
            return figure
        kind = mimetypes.guess_type(path.name)[0] or "image/webp"
        data = base64.b64encode(path.read_bytes()).decode()
        figure = Element("figure", {"class": "sheet"})
        SubElement(figure, "img", {"src": f"data:{kind};base64,{data}", "alt": label})
        return figure


def _table_figure(table: Element, caption: Element | None) -> Element:
    """A table in a box that scrolls sideways, beneath its caption."""
    figure = Element("figure", {"class": "table"})
    if caption is not None:
        caption.tag = "figcaption"
        figure.append(caption)
    label = " ".join("".join(caption.itertext()).split()) if caption is not None else "table"
    box = SubElement(figure, "div", {"role": "region", "tabindex": "0", "aria-label": label})
    box.append(table)
    rows = list(table.iter("tr"))
    for cell in rows[0]:
        cell.set("scope", "col")
    for row in rows[1:]:
        row[0].tag = "th"
        row[0].set("scope", "row")
    for column in list(zip(*rows, strict=True))[1:]:
        kind = _kind([_PLACEHOLDER.sub("", "".join(cell.itertext())) for cell in column[1:]])
        for cell in column:
            cell.attrib.pop("style", None)
            cell.set("class", kind)
    return figure


def _kind(texts: list[str]) -> str:
    """How a column of cells is set: `number`, `name`, or `text` whose lines may break."""
    if max(map(len, texts), default=0) > MAX_NUMBER_LETTERS:
        return "text"
    return "number" if all(map(_NUMBER.match, texts)) else "name"


def _captioned(children: list[Element]) -> list[Element]:
    """Puts paragraphs that begin in bold into the picture right before them."""
    kept: list[Element] = []
    for child in children:
        if kept and kept[-1].get("class") in ("plot", "sheet") and _is_caption(child):
            child.tag = "figcaption"
            kept[-1].append(child)
        else:
            kept.append(child)
    return kept


def _gathered(children: list[Element]) -> list[Element]:
    """Puts plots that follow one another side by side."""
    kept: list[Element] = []
    for child in children:
        if child.get("class") != "plot":
            kept.append(child)
            continue
        if not kept or kept[-1].get("class") != "plots":
            kept.append(Element("div", {"class": "plots"}))
        kept[-1].append(child)
    return kept


def _is_caption(element: Element) -> bool:
    is_bold = len(element) > 0 and element[0].tag == "strong"
    return element.tag == "p" and is_bold and not (element.text or "").strip()


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<nav aria-label="Contents">
{contents}</nav>
<main>
{body}
</main>
</body>
</html>
"""

# Ink on paper has a contrast above 7, softer ink above 4.5, on light ground and on dark.
STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #ffffff; --shade: #f6f8fa; --line: #d1d9e0; --ink: #1f2328; --soft: #59636e;
  --link: #0550ae;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --shade: #161b22; --line: #3d444d; --ink: #e6edf3; --soft: #9ea7b3;
    --link: #79b8ff;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); scroll-behavior: smooth; }
body { margin: 0 auto; max-width: 96rem; padding: 1rem; font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--link); }
h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 .6em; text-wrap: balance; }
h1 { font-size: 2rem; margin-top: .5em; }
h2 { font-size: 1.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3em; }
h3 { font-size: 1.2rem; }
h4 { font-size: 1rem; }
p, ul, ol { max-width: 72ch; }
code { font: .875em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
table code { white-space: nowrap; }
nav { font-size: .875rem; }
nav ul { list-style: none; margin: .2em 0; padding-left: 1em; }
nav .toc > ul { padding: 0; }
nav a { text-decoration: none; }
nav a:hover, nav a:focus { text-decoration: underline; }
figure { margin: 1.2em 0; }
figcaption { max-width: 72ch; margin: .4em 0; font-size: .875rem; color: var(--soft); }
figcaption strong { color: var(--ink); }
figure.table > div { overflow-x: auto; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; }
th, td { padding: .35em .55em; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
tbody th { font-weight: normal; }
th:first-child { position: sticky; left: 0; background: var(--paper); }
tbody tr:hover > * { background: var(--shade); }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.text { min-width: 13rem; }
td small { color: var(--soft); }
.plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.plots figure { margin: 0; max-width: 45rem; }
.plot svg { display: block; width: 100%; height: auto; }
.sheet img { display: block; max-width: 100%; height: auto; background: #fff; padding: 4px;
  border-radius: 4px; }
details { margin: 1em 0; }
summary { cursor: pointer; color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (min-width: 70rem) {
  body { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 2rem; }
  nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem);
    overflow-y: auto; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #999; --link: #000; }
  body { display: block; max-width: none; font-size: 9pt; }
  nav { display: none; }
  figure, tr { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  table { font-size: 7pt; }
  th, td { padding: .2em .4em; }
}
"""
