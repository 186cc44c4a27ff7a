"""Somebody at the page: opens pictures, paints, saves, as a person does."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from playwright.sync_api import Locator, Page, expect

from restauro.picture.masks import mask_of_picture
from restauro.picture.read import upright
from restauro.picture.types import Mask

Point: TypeAlias = tuple[float, float]
"""(x, y) in pixels of the picture."""

MARGIN = 24  # CSS pixels that the page leaves free around a picture


class Visitor:
    """Points are those of the picture that was opened last, shown as a whole."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.width = self.height = 0

    def open(self, data: bytes, name: str) -> None:
        """Chooses a picture file and waits until it can be painted on."""
        size = upright(PIL.Image.open(BytesIO(data))).size
        self.choose(data, name)
        self.expect_phase("painting")
        self.has_opened(size)

    def open_sample(self, name: str) -> None:
        """Chooses a sample of 128 x 128 pixels."""
        self.page.get_by_role("button", name=name).click()
        self.expect_phase("painting")
        self.has_opened((128, 128))

    def choose(self, data: bytes, name: str, *, into: str = "picture") -> None:
        """Gives the page a file, as a picture or as a mask."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        if name.endswith((".png", ".jpg")):
            file["mimeType"] = "image/png" if name.endswith(".png") else "image/jpeg"
        self.page.locator(f"#{into}-file").set_input_files(file)  # type: ignore[arg-type]

    def drag(self, *points: Point) -> None:
        """Presses the mouse at the first point, moves through the others, releases it."""
        for number, point in enumerate(points):
            self.page.mouse.move(*self.on_screen(point), steps=1 if number == 0 else 4)
            if number == 0:
                self.page.mouse.down()
        self.page.mouse.up()

    def on_screen(self, point: Point) -> Point:
        """Where a point of the picture is in the window."""
        box = self.page.locator("#stage").bounding_box()
        assert box is not None
        fit = min(
            (box["width"] - 2 * MARGIN) / self.width, (box["height"] - 2 * MARGIN) / self.height
        )
        return (
            box["x"] + box["width"] / 2 + fit * (point[0] - self.width / 2),
            box["y"] + box["height"] / 2 + fit * (point[1] - self.height / 2),
        )

    def colour_at(self, point: Point) -> tuple[int, ...]:
        """What the window shows at a point of the picture, (red, green, blue)."""
        x, y = self.on_screen(point)
        area = {"x": round(x), "y": round(y), "width": 1, "height": 1}
        shot = self.page.screenshot(clip=area)  # type: ignore[arg-type]
        return tuple(np.asarray(PIL.Image.open(BytesIO(shot)).convert("RGB"))[0, 0].tolist())

    def press(self, name: str) -> None:
        """Clicks a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def saved(self, button: str) -> tuple[str, bytes]:
        """Name and bytes of what a button saves."""
        with self.page.expect_download() as download:
            self.press(button)
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    def mask(self) -> Mask:
        """The hole that is painted, by saving it."""
        _, data = self.saved("Save mask")
        return mask_of_picture(PIL.Image.open(BytesIO(data)))

    def steps(self) -> Locator:
        """The small pictures of all steps, the opening first."""
        return self.page.locator("#steps button")

    def restore(self) -> None:
        """Restores and waits for the answer."""
        self.page.locator("#restore").click()
        self.expect_phase("restored")

    def expect_phase(self, phase: str) -> None:
        """Waits until the page is in this phase."""
        expect(self.page.locator("body")).to_have_attribute("data-phase", phase)

    def expect_problem(self, sentence: str) -> None:
        """Waits until the page says what is wrong."""
        expect(self.page.get_by_role("alert")).to_contain_text(sentence)

    def has_opened(self, size: tuple[int, int]) -> None:
        """Waits until a picture of this size, (width, height), is in its place."""
        self.width, self.height = size
        # two frames: the stage has then got its size, and the picture its place
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def encoded(array: Any, file_format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture file."""
    buffer = BytesIO()
    PIL.Image.fromarray(array).save(buffer, file_format, **options)
    return buffer.getvalue()


def patch_on_grey(height: int = 60, width: int = 80) -> Any:
    """A grey picture (H, W, 3) with a green patch in its middle."""
    image = np.full((height, width, 3), 128, dtype=np.uint8)
    image[height // 3 : -height // 3, width // 3 : -width // 3] = (0, 220, 0)
    return image
