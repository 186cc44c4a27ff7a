"""SVG that fits its surroundings: right on light and dark ground, small, or inside a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

NAMESPACE = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
DARK_INK, LIGHT_INK = "#1f2328", "#e6edf3"
"""Of text and axes on light ground, and on dark."""
STYLE = (
    f"svg{{color:{DARK_INK}}}@media(prefers-color-scheme:dark){{svg{{color:{LIGHT_INK}}}}}"
    "@media print{svg{color:#000}}"
)
NUMBERS = {"d", "height", "points", "style", "transform", "width", "x", "y"}
"""Attributes that hold nothing but places and lengths, or none that digits could hurt."""
_REFERENCE = re.compile(r"#([\w.-]+)")


def adaptive(svg: str) -> str:
    """Makes a plot of Matplotlib fit light and dark ground: what is black there becomes ink.

    Ink is `currentColor`, which a style inside switches with the reader's colour scheme. Text
    takes the reader's sans-serif, coordinates keep two digits, and metadata and the identifiers
    that nothing points to go.
    """
    root = _parse(svg)
    pointed_at = set(_references(root))
    for element in root.iter():
        if element.get("id") not in pointed_at:
            element.attrib.pop("id", None)
        for name in NUMBERS & element.attrib.keys():
            element.set(name, _short(element.attrib[name]))
        if element.get("transform") == "":
            del element.attrib["transform"]
    _thin_out(root)
    root.attrib |= {
        "fill": "currentColor",
        "font-family": "sans-serif",
        "stroke-linejoin": "round",
    }
    style = ElementTree.Element(f"{{{NAMESPACE}}}style")
    style.text = STYLE
    root.insert(0, style)
    ElementTree.indent(root, space="")
    return _text(root) + "\n"


def inlined(svg: str, prefix: str, label: str) -> str:
    """An SVG to stand inside an HTML page as one picture, which readers hear as `label`.

    `prefix` begins all its identifiers, so that several of them share a page.
    """
    root = _parse(svg)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, prefix + value)
            elif value.startswith("#") or "url(#" in value:
                element.set(name, _REFERENCE.sub(rf"#{prefix}\1", value))
    for name in ("width", "height"):  # the page decides; the proportions are in the view box
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": label}
    return _text(root)


def _parse(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        if XLINK in element.attrib:  # plain `href` says the same since SVG 2
            element.set("href", element.attrib.pop(XLINK))
    return root


def _text(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", NAMESPACE)
    return ElementTree.tostring(root, encoding="unicode")


def _thin_out(parent: ElementTree.Element) -> None:
    """Drops what shows nothing, and groups that only hold other elements."""
    kept: list[ElementTree.Element] = []
    for child in parent:
        _thin_out(child)
        is_empty = _tag(child) in ("g", "defs") and len(child) == 0
        is_unseen = _tag(child) == "path" and child.get("style") == "fill: none"
        if _tag(child) == "g" and not child.attrib:
            kept += child
        elif not (is_empty or is_unseen or _tag(child) in ("metadata", "style")):
            kept.append(child)
    parent[:] = kept


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).removeprefix(f"{{{NAMESPACE}}}")


def _references(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if name != "id":
                yield from _REFERENCE.findall(value)


def _short(value: str) -> str:
    """An attribute without needless digits, space, fonts and turns by nothing."""
    value = re.sub(r"font-family:[^;]*;?\s*", "", " ".join(value.split()))
    value = re.sub(r"\s*rotate\(-?0 [^)]*\)", "", value)
    value = re.sub(r"(fill|stroke): #000000", r"\1: currentColor", value)
    return re.sub(
        r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value
    )
