"""Takes the screenshots of README.md and docs/page.md, from a service with two models.

`restauro serve --model faces --model patch_match`, then
`python tests/page/screenshots.py http://127.0.0.1:8000`
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import PIL.Image
from playwright.sync_api import expect, sync_playwright
from visitor import Visitor

IMAGES_DIR = Path(__file__).parents[2] / "docs" / "images"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
TELEPHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "device_scale_factor": 2,
}
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 720}}
# the person on the pier, in pixels of the sample
PERSON = [
    (800, 500),
    (800, 560),
    (760, 640),
    (730, 730),
    (900, 730),
    (860, 640),
    (820, 600),
    (810, 700),
]
# the paint on the child's forehead and cheek, in pixels of the sample
MARKS = [
    [(179, 32), (177, 54)],
    [(206, 26), (209, 50)],
    [(242, 26), (237, 54)],
    [(154, 46), (160, 76)],
    [(139, 64), (143, 90)],
    [(130, 102), (136, 124)],
    [(131, 152), (132, 166)],
    [(140, 190), (136, 212)],
    [(163, 212), (156, 230)],
    [(193, 226), (194, 248)],
    [(231, 222), (238, 252)],
]


def main(url: str) -> None:
    """Paints over the marks of the sample `child`, and over the person of the sample `pier`."""
    expect.set_options(timeout=600_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for name, options, is_restored in (
            ("page", DESK, True),
            ("page_dark", DESK | {"color_scheme": "dark", "locale": "it"}, True),
            ("page_telephone", TELEPHONE, False),
        ):
            page = browser.new_context(**{"locale": "en-GB", **options}).new_page()
            page.goto(url)
            visitor = Visitor(page)
            paint_over_the_marks(visitor)
            if is_restored:
                visitor.restore()
                visitor.press("Compare" if name == "page" else "Confronta")
                page.locator("#divided").fill("42")
            save(page, IMAGES_DIR / f"{name}.webp")
        for name, is_restored in (("page_painted", False), ("page_photograph", True)):
            page = browser.new_context(locale="en-GB", **WIDE).new_page()
            page.goto(url)
            visitor = Visitor(page)
            paint_over_the_person(visitor)
            if is_restored:
                visitor.restore()
            save(page, IMAGES_DIR / f"{name}.webp")


def paint_over_the_marks(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="child").click()
    visitor.expect_phase("painting")
    visitor.has_opened((380, 440))
    visitor.page.locator("#brush-size").fill("62")
    for mark in MARKS:
        visitor.drag(*mark)


def paint_over_the_person(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="pier").click()
    visitor.expect_phase("painting")
    visitor.has_opened((1600, 1066))
    visitor.page.locator("#model").select_option("patch_match")
    visitor.page.locator("#brush-size").fill("78")
    visitor.drag(*PERSON)


def save(page: Any, path: Path) -> None:
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)
    shot = PIL.Image.open(BytesIO(page.screenshot())).convert("RGB")
    shot.save(path, quality=85, method=6)
    print(f"wrote {path}, {path.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main(sys.argv[1])
