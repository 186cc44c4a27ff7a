"""A large hole: what is shown until its fill is there; the test plays the service."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import expect
from visitor import Visitor, encoded, patch_on_grey

BLUE, RED, WHITE = (0, 0, 255), (255, 0, 0), (255, 255, 255)
HOLE = ((20, 15), (60, 45))
LEFT, RIGHT, BESIDE = (25, 30), (55, 30), (70, 30)
WIDTH, HEIGHT = 40, 30
WAIT_FOR = """((look) => new Promise((resolve) => {
  const again = () => (look() ? resolve() : requestAnimationFrame(again));
  again();
}))"""  # Playwright's own way is refused by the page's policy
PLAY_SERVICE = """() => {
  const real = window.fetch;
  window.fetch = (path, options) => {
    if (!path.endsWith("inpaint")) return real(path, options);
    const body = new ReadableStream({
      start(controller) {
        window.tell = (text) => controller.enqueue(new TextEncoder().encode(text));
        options.signal.addEventListener("abort", () => {
          window.isCancelled = true;
          controller.error(options.signal.reason);
        });
      },
    });
    return Promise.resolve(new Response(body));
  };
}"""


@pytest.fixture
def painter(visitor: Visitor) -> Visitor:
    """Somebody who has asked to restore a rectangle, and whose service says what `tell` tells."""
    visitor.open(encoded(patch_on_grey()), "patch.png")
    visitor.press("Rectangle")
    visitor.drag(*HOLE)
    visitor.page.evaluate(PLAY_SERVICE)
    visitor.page.locator("#restore").click()
    visitor.page.evaluate(WAIT_FOR + "(() => window.tell)")
    visitor.page.locator("#cancel").hover()  # so that no brush lies on the picture
    return visitor


def tell(visitor: Visitor, kind: str, **facts: Any) -> None:
    text = f"event: {kind}\ndata: {json.dumps(facts)}\n\n"
    for start in range(0, len(text), 50):  # as a network cuts it
        visitor.page.evaluate("(text) => tell(text)", text[start : start + 50])


def square(colour: tuple[int, ...], width: int = 8, height: int = 6) -> str:
    data = encoded(np.full((height, width, 3), colour, dtype=np.uint8))
    return base64.b64encode(data).decode()


def tell_part(
    visitor: Visitor, box: tuple[int, ...], colour: tuple[int, ...], share: float
) -> None:
    image = square(colour)
    tell(visitor, "part", box=box, image=image, coarse=share == 0, share=share)


def expect_colour(visitor: Visitor, point: tuple[int, int], colour: tuple[int, ...]) -> None:
    """Waits for the frame that shows it."""
    x, y = visitor.on_screen(point)
    look = """() => {
      const canvas = document.getElementById("picture-canvas");
      const { left, top } = canvas.getBoundingClientRect();
      const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      probe.drawImage(canvas, left - Math.floor(x), top - Math.floor(y));
      const pixel = probe.getImageData(0, 0, 1, 1).data;
      return colour.every((value, i) => Math.abs(value - pixel[i]) < 3);
    }"""
    wait = f"([x, y, colour]) => ({WAIT_FOR})({look})"
    visitor.page.evaluate(wait, [x, y, colour])


def test_the_place_in_the_queue_and_the_forecast_are_said(painter: Visitor) -> None:
    status, elapsed = painter.page.get_by_role("status"), painter.page.locator("#elapsed")
    for place in (2, 1):
        tell(painter, "queued", place=place)
        expect(status).to_have_text(f"Place {place} in the queue…")
    expect(elapsed).to_have_text("")
    expect(painter.page.get_by_role("progressbar")).to_be_hidden()
    tell(painter, "begun", seconds=23.4)
    expect(status).to_have_text("Restoring…")
    expect(elapsed).to_contain_text("of about 20 s")
    expect(painter.page.get_by_role("progressbar")).to_be_visible()


def test_a_coarse_answer_is_shown_first_then_finer_parts_in_its_place(painter: Visitor) -> None:
    tell(painter, "begun", seconds=9)
    tell_part(painter, (16, 12, 64, 48), BLUE, 0)
    for point in (LEFT, RIGHT):
        expect_colour(painter, point, BLUE)
    expect_colour(painter, BESIDE, (128, 128, 128))  # though the part reaches beyond the hole
    tell_part(painter, (20, 15, 40, 45), RED, 0.5)
    expect_colour(painter, LEFT, RED)
    expect_colour(painter, RIGHT, BLUE)
    expect(painter.page.get_by_role("progressbar")).to_have_js_property("value", 0.5)
    painter.drag((5, 5), (15, 9))  # one can paint on meanwhile
    expect(painter.steps()).to_have_count(3)
    seconds = {"decode": 0.1, "inpaint": 7, "encode": 0.1}
    image = square(WHITE, WIDTH, HEIGHT)
    tell(painter, "done", model="faces", remark="", seconds=seconds, image=image)
    expect(painter.steps()).to_have_count(4)
    expect_colour(painter, LEFT, WHITE)
    expect_colour(painter, RIGHT, WHITE)
    assert painter.mask()[7, 10]


def test_cancelling_leaves_the_picture_as_it_was(painter: Visitor) -> None:
    tell(painter, "begun", seconds=9)
    tell_part(painter, (20, 15, 60, 45), BLUE, 0)
    expect_colour(painter, LEFT, BLUE)
    painter.press("Cancel")
    painter.expect_phase("painting")
    assert painter.page.evaluate("isCancelled")
    expect_colour(painter, LEFT, (128, 128, 128))
    assert painter.mask()[16:44, 21:59].all()


def test_what_goes_wrong_on_the_way_is_said(painter: Visitor) -> None:
    tell(painter, "begun", seconds=9)
    tell(painter, "error", code="time", message="restoring took longer than 60 seconds")
    painter.expect_problem("restoring took longer than 60 seconds")
    painter.expect_phase("painting")


def test_a_large_photograph_is_restored_by_parts_and_encoded_once(visitor: Visitor) -> None:
    """By the real service: a hole of 10 %, whose blocks alone change in the file."""
    rows, columns = np.mgrid[:900, :1200]
    image = np.dstack([rows // 4, columns // 5, (rows + columns) // 9]).astype(np.uint8)
    data = encoded(image, "JPEG", quality=92)
    visitor.open(data, "large.jpg")
    visitor.press("Rectangle")
    visitor.drag((400, 300), (760, 600))
    hole = visitor.mask()
    visitor.page.evaluate(
        """() => {
          window.events = [];
          const real = TextDecoderStream;
          window.TextDecoderStream = class extends real {
            get readable() {
              const seen = new TransformStream({ transform(text, controller) {
                events.push(...[...text.matchAll(/event: (\\w+)/g)].map(([, kind]) => kind));
                controller.enqueue(text);
              } });
              return super.readable.pipeThrough(seen);
            }
          };
        }"""
    )
    visitor.restore()
    kinds = visitor.page.evaluate("events")
    assert (kinds[0], kinds[-1]) == ("begun", "done")
    assert "part" in kinds
    name, restored = visitor.saved("Download")
    assert name == "large_restored.jpg"
    before, after = (np.asarray(PIL.Image.open(BytesIO(one))) for one in (data, restored))
    far = np.ones_like(hole)
    far[280:620, 380:780] = False
    assert (before[far] == after[far]).all()
    assert (before[hole] != after[hole]).any()
