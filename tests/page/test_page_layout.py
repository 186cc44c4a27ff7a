"""How the page looks and reads: sizes, places, schemes, languages, accessibility."""

from __future__ import annotations

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import expect
from visitor import Visitor

import restauro

STATIC_DIR = Path(restauro.__file__).parent / "server" / "static"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PARTS = ("header", "#tools", "#stage", "#strip", "#panel")
LAYOUTS = Path(__file__).parent / "layouts"
"""What the page looked like when somebody last looked: grey, a pixel for 16 x 16 of the window."""


def violations(visitor: Visitor) -> list[str]:
    """What axe-core finds, as `rule: element`."""
    visitor.page.evaluate(AXE)
    found = visitor.page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{each['id']}: {node['html'][:80]}" for each in found for node in each["nodes"]]


def restore_a_sample(visitor: Visitor) -> None:
    visitor.open_sample("hat")
    visitor.drag((45, 64), (50, 64))
    visitor.restore()


def box(visitor: Visitor, selector: str) -> Any:
    found = visitor.page.locator(selector).bounding_box()
    assert found is not None, f"{selector} is not to be seen"
    return found


def overlap(one: Any, other: Any) -> bool:
    return bool(
        min(one["x"] + one["width"], other["x"] + other["width"]) > max(one["x"], other["x"]) + 1
        and min(one["y"] + one["height"], other["y"] + other["height"])
        > max(one["y"], other["y"]) + 1
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(open_page: Any, scheme: str) -> None:
    visitor = open_page(color_scheme=scheme)
    found = violations(visitor)
    visitor.open_sample("hat")
    visitor.drag((45, 64), (50, 64))
    visitor.choose(b"", "mask.png", into="mask")
    visitor.expect_problem("no picture")
    found += violations(visitor)
    visitor.restore()
    visitor.press("Compare")
    visitor.press("Try all models")
    expect(visitor.page.locator("#choices button")).to_have_count(3)
    found += violations(visitor)
    visitor.page.keyboard.press("?")
    found += violations(visitor)
    assert not found


def test_the_page_follows_the_scheme_of_the_system(visitor: Visitor) -> None:
    def brightness() -> int:
        colour = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert brightness() > 600
    visitor.page.emulate_media(color_scheme="dark")
    assert brightness() < 150


def test_on_a_desk_the_picture_lies_between_tools_and_panel(visitor: Visitor) -> None:
    restore_a_sample(visitor)
    for width, height in ((1280, 800), (1000, 640), (721, 600)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        boxes = {part: box(visitor, part) for part in PARTS}
        pairs = [(one, other) for one in PARTS for other in PARTS if one < other]
        assert not [pair for pair in pairs if overlap(boxes[pair[0]], boxes[pair[1]])]
        assert boxes["#tools"]["x"] < boxes["#stage"]["x"] < boxes["#panel"]["x"]
        assert boxes["#stage"]["width"] > width / 2.2
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("locale", ["en", "it"])
def test_on_a_telephone_everything_is_within_reach(open_page: Any, locale: str) -> None:
    visitor = open_page(locale=locale, **TELEPHONE)
    visitor.open_sample("hat")
    page = visitor.page
    boxes = [box(visitor, part) for part in PARTS]
    for upper, lower in zip(
        [boxes[0], boxes[2], boxes[3], boxes[1]],
        [boxes[2], boxes[3], boxes[1], boxes[4]],
        strict=True,
    ):
        assert upper["y"] + upper["height"] <= lower["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    buttons = [button.bounding_box() for button in page.locator("button:visible").all()]
    assert len(buttons) > 15
    for button in buttons:
        assert button is not None
        assert button["x"] >= 0
        assert button["x"] + button["width"] <= 390
        assert min(button["width"], button["height"]) >= 40
    restore = box(visitor, "#restore")
    assert restore["y"] + restore["height"] <= 844
    assert box(visitor, "#stage")["height"] > 844 / 2
    assert page.evaluate(
        "[...document.querySelectorAll('#tools button')].every("
        "(button) => button.scrollWidth <= button.clientWidth)"
    )


@pytest.mark.parametrize(
    ("width", "height"), [(320, 640), (390, 844), (844, 390), (1366, 620), (1920, 1080)]
)
@pytest.mark.parametrize("locale", ["en", "it"])
def test_nothing_is_cut_off_and_the_page_does_not_scroll(
    open_page: Any, locale: str, width: int, height: int
) -> None:
    visitor = open_page(locale=locale, viewport={"width": width, "height": height})
    page = visitor.page
    overflow = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.evaluate(overflow)[0] == width
    restore_a_sample(visitor)
    page.locator("#compare").click()
    assert page.evaluate(overflow) == [width, height]
    boxes = {part: box(visitor, part) for part in (*PARTS, "#divider svg")}
    pairs = [(one, other) for one in PARTS for other in PARTS if one < other]
    assert not [pair for pair in pairs if overlap(boxes[pair[0]], boxes[pair[1]])]
    assert boxes["#stage"]["height"] >= 0.35 * height
    cut = page.evaluate(
        """() => [...document.querySelectorAll("button, label, span, dd")]
          .filter((each) => each.checkVisibility() && getComputedStyle(each).display !== "inline")
          .filter((each) => each.scrollWidth > each.clientWidth + 1)
          .map((each) => each.id || each.textContent)"""
    )
    assert not cut
    visitor.choose(b"", "mask.png", into="mask")
    visitor.expect_problem("mask.png")
    notice = box(visitor, "#notices")
    assert not [part for part in PARTS if part != "#stage" and overlap(notice, boxes[part])]


def test_domain_and_terms_are_italian_too(open_page: Any) -> None:
    visitor = open_page(locale="it")
    visitor.open_sample("hat")
    shown = {
        name: [visitor.page.locator(f"#model-{part}") for part in ("domain", "terms")]
        for name in visitor.page.locator("#model option").evaluate_all(
            "all => all.map(o => o.value)"
        )
    }
    assert len(shown) > 3
    for name, places in shown.items():
        visitor.page.locator("#model").select_option(name)
        for place in places:
            expect(place).to_have_attribute("lang", "it")


def test_the_page_speaks_the_browsers_language_and_the_chosen_one(open_page: Any) -> None:
    visitor = open_page(locale="it-IT")
    page = visitor.page
    expect(page.get_by_role("button", name="Apri un’immagine")).to_be_visible()
    assert page.title() == "restauro: restaura un’immagine"
    visitor.press("English")
    expect(page.get_by_role("button", name="Open a picture")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("button", name="Open a picture")).to_be_visible()


def test_every_sentence_exists_in_both_languages() -> None:
    table = (STATIC_DIR / "sentences.js").read_text()
    pair = r'^  (\w+): \[\s*"[^"]+",\s*"[^"]+",?\s*\],$'
    keys = set(re.findall(pair, table, re.MULTILINE))
    assert len(keys) > 50
    assert len(keys) == len(re.findall(r"^  \w+:", table, re.MULTILINE))
    page = (STATIC_DIR / "index.html").read_text()
    assert set(re.findall(r'data-(?:text|label)="(\w+)"', page)) <= keys


def test_terms_and_purpose_are_shown_before_anything_is_restored(visitor: Visitor) -> None:
    expect(visitor.page.locator("#welcome")).to_contain_text("non-commercial research only")
    visitor.open_sample("hat")
    panel = visitor.page.locator("#panel")
    expect(panel).to_contain_text("aligned faces")
    expect(panel).to_contain_text("What fills the hole is invented")


def test_the_page_is_small_and_holds_no_inline_script_or_style() -> None:
    sizes = [path.stat().st_size for path in STATIC_DIR.rglob("*") if path.is_file()]
    scripts = "".join(path.read_text() for path in STATIC_DIR.glob("*.js"))
    comments = re.findall(r"/\*\*.*?\*/|// [^\n]*", scripts, re.DOTALL)
    assert sum(sizes) <= 160_000
    assert sum(sizes) - sum(map(len, comments)) < 122_000
    page = (STATIC_DIR / "index.html").read_text()
    assert not re.findall(r"<style|style=|\son\w+=|<script>|https?://", page)


@pytest.mark.parametrize("name", ["desk", "telephone"])
def test_a_screenshot_looks_as_it_did(open_page: Any, name: str, tmp_path: Path) -> None:
    visitor = open_page(**(TELEPHONE if name == "telephone" else {}))
    visitor.open_sample("hat")
    visitor.drag((45, 64), (70, 64))
    shot = PIL.Image.open(BytesIO(visitor.page.screenshot(scale="css"))).convert("L")
    seen = shot.resize((shot.width // 16, shot.height // 16), PIL.Image.Resampling.BOX)
    seen.save(tmp_path / f"{name}.png")
    known = PIL.Image.open(LAYOUTS / f"{name}.png")
    assert seen.size == known.size
    difference = np.abs(np.asarray(seen, dtype=float) - np.asarray(known, dtype=float))
    # letters of another font change single pixels by less, a button elsewhere several by more
    assert (difference > 24).sum() <= 8, (
        f"the page looks otherwise: look at {name}.png in {tmp_path}, and copy it to {LAYOUTS} if "
        "that is right"
    )
