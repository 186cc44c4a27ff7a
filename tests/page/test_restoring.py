"""From a painted hole to a saved picture, and all that can go wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from playwright.sync_api import Route, expect
from visitor import Visitor, encoded, patch_on_grey

from restauro.commands.demo import SAMPLES_DIR
from restauro.picture.read import read_image

GREY, GREEN = (128, 128, 128), (0, 220, 0)
TWICE_THE_PATCH = ((18, 12), (62, 48))


@pytest.fixture
def painter(visitor: Visitor) -> Visitor:
    """Somebody who has painted over the green patch of a grey picture; telea will fill it."""
    visitor.open(encoded(patch_on_grey()), "patch.png")
    visitor.page.locator("#model").select_option("telea")
    visitor.press("Rectangle")
    visitor.drag(*TWICE_THE_PATCH)
    return visitor


def decoded(data: bytes) -> Any:
    return np.asarray(PIL.Image.open(BytesIO(data)))


def remember_what_is_sent(visitor: Visitor) -> None:
    """From now on `sent_image` knows the image of the last request."""
    visitor.page.evaluate(
        """() => {
          const real = window.fetch;
          window.fetch = (path, options) => {
            window.sentImage = options?.body?.get("image");
            return real(path, options);
          };
        }"""
    )


def sent_image(visitor: Visitor) -> bytes:
    return bytes(
        visitor.page.evaluate("async () => [...new Uint8Array(await sentImage.arrayBuffer())]")
    )


def refusal(status: int, code: str, **headers: str) -> Callable[[Route], None]:
    """An answer as the service gives it."""
    error = {"error": {"code": code, "message": f"the sentence of {code}"}}
    return lambda route: route.fulfill(status=status, json=error, headers=headers)


def test_a_painted_sample_is_restored_and_the_rest_untouched(visitor: Visitor) -> None:
    visitor.open_sample("astronaut")
    visitor.drag((45, 64), (85, 64))
    mask = visitor.mask()
    visitor.restore()
    expect(visitor.page.get_by_role("status")).to_contain_text("Restored by faces")
    name, data = visitor.saved("Download")
    sample = read_image(SAMPLES_DIR / "astronaut.png")
    assert name == "astronaut_restored.png"
    assert_array_equal(decoded(data)[~mask], sample[~mask])
    assert (decoded(data)[mask] != sample[mask]).any()


def test_before_and_after_are_on_their_sides_of_the_divider(painter: Visitor) -> None:
    left, right = (35, 30), (45, 30)
    painter.restore()
    assert painter.colour_at(left) == GREEN
    assert painter.colour_at(right) == GREY
    slider = painter.page.get_by_role("slider", name="Divider")
    slider.fill("100")
    expect(slider).to_have_value("100")
    assert painter.colour_at((75, 30)) == GREY
    assert painter.colour_at(right) == GREEN
    painter.drag((40, 50), (10, 50))
    assert painter.colour_at(left) == GREY
    painter.page.locator("#stage").focus()
    for _ in range(50):
        painter.page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("100")
    assert painter.colour_at(left) == GREEN


def test_what_is_invented_can_be_marked(painter: Visitor) -> None:
    painter.restore()
    painter.page.get_by_role("slider", name="Divider").fill("0")
    width = [painter.colour_at((30 + step / 10, 30)) for step in range(10)]
    painter.page.get_by_label("Mark what is invented").check()
    marked = [painter.colour_at((30 + step / 10, 30)) for step in range(10)]
    assert set(width) == {GREY}
    assert len(set(marked)) > 1


def test_painting_goes_on_with_the_bytes_of_the_result(painter: Visitor) -> None:
    painter.restore()
    _, result = painter.saved("Download")
    painter.press("Keep painting on this")
    painter.expect_phase("painting")
    assert painter.colour_at((35, 30)) == GREY
    painter.drag((5, 5), (10, 10))
    remember_what_is_sent(painter)
    painter.restore()
    assert sent_image(painter) == result
    assert painter.colour_at((35, 30)) == GREEN  # before: as it was opened


def test_the_hole_can_be_changed_and_another_model_tried(painter: Visitor) -> None:
    mask = painter.mask()
    painter.restore()
    painter.press("Change the hole")
    painter.expect_phase("painting")
    assert_array_equal(painter.mask(), mask)
    painter.restore()
    painter.page.locator("#model").select_option("faces")
    expect(painter.page.locator("#panel")).to_contain_text("non-commercial research only")
    painter.press("Restore again")
    expect(painter.page.get_by_role("status")).to_contain_text("Restored by faces")


def test_a_jpeg_is_sent_as_it_is_and_stays_a_jpeg(visitor: Visitor) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encoded(patch_on_grey(), "JPEG", exif=exif, quality=90)
    visitor.open(data, "my.photo.jpg")
    visitor.drag((30, 40), (31, 40))
    remember_what_is_sent(visitor)
    visitor.restore()
    assert sent_image(visitor) == data
    name, restored = visitor.saved("Download")
    picture = PIL.Image.open(BytesIO(restored))
    assert name == "my.photo_restored.jpg"
    assert (picture.format, picture.size) == ("JPEG", (80, 60))
    assert picture.getexif()[0x0112] == 6


def test_a_restoration_can_be_cancelled(painter: Visitor) -> None:
    mask = painter.mask()
    painter.page.route("**/v1/inpaint", lambda route: None)  # an answer that never comes
    painter.press("Restore")
    painter.expect_phase("restoring")
    expect(painter.page.get_by_role("button", name="Cancel")).to_be_focused()
    painter.press("Cancel")
    painter.expect_phase("painting")
    assert_array_equal(painter.mask(), mask)


def test_a_full_service_is_asked_again(painter: Visitor) -> None:
    busy = refusal(503, "busy", **{"Retry-After": "1"})
    painter.page.route("**/v1/inpaint", busy, times=2)
    painter.restore()


def test_what_goes_wrong_is_said_in_place(painter: Visitor) -> None:
    answers: list[tuple[Callable[[Route], None], str, str]] = [
        (refusal(413, "bytes"), "the sentence of bytes", "troppi byte"),
        (refusal(418, "new"), "the sentence of new", "the sentence of new"),
        (lambda route: route.fulfill(status=502, body="?"), "status 502", "stato 502"),
        (lambda route: route.abort(), "The service does not answer", "Il servizio non risponde"),
    ]
    for answer, english, italian in answers:
        painter.page.route("**/v1/inpaint", answer, times=1)
        painter.page.locator("#restore").click()
        painter.expect_problem(english)
        painter.expect_phase("painting")
        painter.press("Italiano")
        painter.expect_problem(italian)
        painter.press("English")
    painter.restore()
    expect(painter.page.get_by_role("alert")).to_have_text("")


def test_the_service_itself_refuses_a_hole_that_covers_all(painter: Visitor) -> None:
    painter.press("Clear")
    painter.press("Invert")
    painter.press("Restore")
    painter.expect_problem("the mask covers the whole picture")


def test_a_file_that_is_no_picture_leaves_everything_as_it_is(painter: Visitor) -> None:
    mask = painter.mask()
    painter.choose(b"%PDF-1.7", "letter.pdf")
    painter.press("Open the other")
    painter.expect_problem("letter.pdf is no picture that this browser can show")
    assert_array_equal(painter.mask(), mask)


def test_work_is_not_lost_without_asking(painter: Visitor) -> None:
    mask = painter.mask()
    painter.choose(encoded(np.zeros((20, 30), np.uint8)), "other.png")
    painter.press("Stay here")
    assert_array_equal(painter.mask(), mask)
    painter.choose(encoded(np.zeros((20, 30), np.uint8)), "other.png")
    painter.press("Open the other")
    expect(painter.page.get_by_role("button", name="Restore")).to_be_disabled()


def test_a_picture_can_be_dropped_or_pasted(visitor: Visitor) -> None:
    for way, name in (("drop", "hat"), ("paste", "child")):
        visitor.page.evaluate(
            """async ([way, url]) => {
              const bytes = await (await fetch(url)).blob();
              const data = new DataTransfer();
              data.items.add(new File([bytes], "image.png", { type: "image/png" }));
              const event = way === "drop"
                ? new DragEvent(way, { dataTransfer: data, bubbles: true })
                : new ClipboardEvent(way, { clipboardData: data, bubbles: true });
              document.body.dispatchEvent(event);
            }""",
            [way, f"/samples/{name}.png"],
        )
        visitor.expect_phase("painting")
        zoom = {"hat": "506 %", "child": "147 %"}[name]
        expect(visitor.page.locator("#zoom")).to_have_text(zoom)


def test_a_service_with_a_token_asks_for_it(open_page: Any) -> None:
    visitor = open_page()
    page = visitor.page

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            refusal(401, "token")(route)

    page.route(re.compile("/v1/"), guard)
    page.reload()
    visitor.expect_problem("This service asks for its token")
    page.get_by_label("Token of this service").fill("secret")
    visitor.press("Use token")
    visitor.open_sample("hat")
    visitor.drag((45, 64), (50, 64))
    visitor.restore()
