from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import httpx2
import numpy as np
import PIL.Image
import pytest
from simplefills import COLOUR
from small_service import decoded, encoded, form, hole_in, image_of, serving

IMAGE, HOLE = image_of(16, 24), hole_in(16, 24)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


def test_the_hole_is_filled_and_known_pixels_come_back(client: httpx2.Client) -> None:
    answer = client.post("/v1/inpaint", files=form())
    assert answer.status_code == 200
    restored = decoded(answer.content)
    assert (restored[~HOLE] == IMAGE[~HOLE]).all()
    assert (restored[HOLE] == COLOUR).all()


@pytest.mark.parametrize("seed", [None, "0", "7"])
def test_a_seed_tells_which_of_several_fills(client: httpx2.Client, seed: str | None) -> None:
    data = {"model": "several"} | ({"seed": seed} if seed else {})
    for accept in ("image/png", "text/event-stream"):
        answer = client.post("/v1/inpaint", files=form(), data=data, headers={"Accept": accept})
        assert answer.status_code == 200
        picture = answer.content
        if accept != "image/png":
            *_, last = answer.text.strip().split("\n\n")
            picture = base64.b64decode(json.loads(last.partition("data: ")[2])["image"])
            assert (decoded(picture)[..., :3] == [int(seed or COLOUR[0]), *COLOUR[1:]]).all()
        else:
            assert (decoded(picture)[HOLE] == [int(seed or COLOUR[0]), *COLOUR[1:]]).all()


@pytest.mark.parametrize(
    ("file_format", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("PPM", "image/x-portable-anymap"),
        ("JPEG2000", "image/png"),
    ],
)
def test_the_answer_has_the_picture_s_own_format(
    client: httpx2.Client, file_format: str, media_type: str
) -> None:
    answer = client.post("/v1/inpaint", files=form(encoded(IMAGE, file_format)))
    assert answer.headers["content-type"] == media_type
    expected = "PNG" if file_format == "JPEG2000" else file_format
    assert PIL.Image.open(BytesIO(answer.content)).format == expected


def test_headers_tell_model_and_times(client: httpx2.Client) -> None:
    headers = client.post("/v1/inpaint", files=form()).headers
    assert headers["x-restauro-model"] == "plain"
    steps = [step.split(";dur=") for step in headers["server-timing"].split(", ")]
    assert [name for name, _ in steps] == ["decode", "inpaint", "encode"]
    assert all(float(milliseconds) >= 0 for _, milliseconds in steps)


def test_json_holds_picture_and_facts(client: httpx2.Client) -> None:
    answer = client.post("/v1/inpaint", files=form(), headers={"Accept": "application/json"})
    facts = answer.json()
    picture = decoded(base64.b64decode(facts.pop("image")))
    assert (picture[HOLE] == COLOUR).all()
    assert set(facts.pop("seconds")) == {"decode", "inpaint", "encode"}
    assert facts == {
        "model": "plain",
        "format": "PNG",
        "width": 24,
        "height": 16,
        "hole_pixels": HOLE.sum(),
        "remark": "",
        "trust": None,
    }


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON ; q=0.5", True),
        ("application/*", True),
        ("application/json, text/plain, */*", True),
        ("application/json, image/*", True),
        ("application/json;q=0.9, image/png;q=0.8", True),
        ("application/json, image/jpeg;q=0.1", True),
        ("image/png;q=0, application/json;q=0.001", True),
        ("", False),
        ("*/*", False),
        ("image/png, application/json", False),
        ("application/json;q=0.9, */*", False),
        ("application/json;q=0.5, image/*;q=0.8", False),
        ("application/json;q=0", False),
        ("application/json;q=0, application/*", False),
        ("application/json;q=much", False),
        ("application/jsonlines", False),
        ("text/html", False),
    ],
)
def test_the_client_chooses_picture_or_json(
    client: httpx2.Client, accept: str, is_json: bool
) -> None:
    answer = client.post("/v1/inpaint", files=form(), headers={"Accept": accept})
    assert answer.status_code == 200
    kind = "application/json" if is_json else "image/png"
    assert answer.headers["content-type"] == kind


def test_several_headers_of_a_wish_are_one(client: httpx2.Client) -> None:
    wishes = [("Accept", "image/png;q=0.1"), ("Accept", "application/json")]
    answer = client.post("/v1/inpaint", files=form(), headers=wishes)
    assert answer.headers["content-type"] == "application/json"


def test_mode_profile_and_turned_orientation_are_kept(client: httpx2.Client) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # shown turned: 16 rows become 16 columns
    grey = IMAGE[:, :, 0]
    image = encoded(grey, exif=exif, icc_profile=b"a profile")
    hole = hole_in(24, 16)
    answer = client.post("/v1/inpaint", files=form(image, encoded(hole)))
    picture = PIL.Image.open(BytesIO(answer.content))
    assert picture.mode == "L"
    assert picture.getexif()[0x0112] == 6
    assert picture.info["icc_profile"] == b"a profile"
    stored_hole = np.rot90(hole)
    assert (np.asarray(picture)[~stored_hole] == grey[~stored_hole]).all()
    assert (np.asarray(picture)[stored_hole] != grey[stored_hole]).any()


def test_a_jpeg_keeps_its_tables(client: httpx2.Client) -> None:
    image = encoded(IMAGE, "JPEG", quality=61)
    answer = client.post("/v1/inpaint", files=form(image))
    before, after = (PIL.Image.open(BytesIO(data)) for data in (image, answer.content))
    assert getattr(after, "quantization") == getattr(before, "quantization")  # noqa: B009


def test_a_transparent_mask_is_a_hole(client: httpx2.Client) -> None:
    mask = np.zeros((16, 24, 4), dtype=np.uint8)
    mask[~HOLE, 3] = 255
    answer = client.post("/v1/inpaint", files=form(mask=encoded(mask)))
    assert (decoded(answer.content)[HOLE] == COLOUR).all()


def test_without_a_hole_the_picture_comes_back(client: httpx2.Client) -> None:
    answer = client.post("/v1/inpaint", files=form(mask=encoded(np.zeros_like(HOLE))))
    assert answer.status_code == 200
    assert (decoded(answer.content) == IMAGE).all()


def test_a_remark_comes_with_the_picture(client: httpx2.Client) -> None:
    no_hole = form(mask=encoded(np.zeros_like(HOLE)))
    answers = [
        client.post("/v1/inpaint", files=no_hole, headers={"Accept": accept})
        for accept in ("*/*", "application/json")
    ]
    remarks = [unquote(answer.headers["x-restauro-remark"]) for answer in answers]
    assert "marks no hole" in remarks[0]
    assert remarks == [answers[1].json()["remark"]] * 2
    answer = client.post("/v1/inpaint", files=form())
    assert "x-restauro-remark" not in answer.headers


def test_the_hole_grows(client: httpx2.Client) -> None:
    grown = np.zeros_like(HOLE)
    rows, columns = np.nonzero(HOLE)
    grown[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = True
    answer = client.post("/v1/inpaint", files=form(), data={"grow": "2"})
    restored = decoded(answer.content)
    assert (restored[grown] == COLOUR).all()
    assert (restored[~grown] == IMAGE[~grown]).all()


CUT = encoded(IMAGE)[:-40]
OTHER_SIZE = encoded(hole_in(20, 20))
WHITE_ON_CLEAR = np.full((16, 24, 4), 255, dtype=np.uint8)
WHITE_ON_CLEAR[4:8, :, 3] = 0


@pytest.mark.parametrize(
    ("files", "data", "status", "code", "sentence"),
    [
        (form(b"no picture"), {}, 415, "picture_format", "the image is no picture that"),
        (form(mask=b"%!PS-Adobe-3.0 EPSF"), {}, 415, "picture_format", "the mask is no picture"),
        (form(b""), {}, 415, "picture_format", "the image is empty"),
        (form(CUT), {}, 422, "image", "the image is damaged or cut short"),
        (form(mask=CUT), {}, 422, "mask", "the mask is damaged or cut short"),
        (form(mask=encoded(WHITE_ON_CLEAR)), {}, 422, "mask", "white on transparent"),
        (form(mask=OTHER_SIZE), {}, 422, "mask_size", "is 20x20 pixels, but the image is 24x16"),
        (form(mask=encoded(~np.zeros_like(HOLE))), {}, 422, "mask_full", "leave some of it black"),
        (form(), {"model": "../plain.onnx"}, 422, "model", "choose one of plain"),
        (form(), {"model": "dies"}, 500, "process_died", "send a smaller picture"),
        (form(), {"model": "fails"}, 500, "internal", "please report it"),
        (form(), {"model": "broken"}, 500, "model_failed", "export it again"),
        ({"image": form()["image"]}, {}, 422, "fields", r"(mask)"),
        (
            form(),
            {"grow": "-1"},
            422,
            "fields",
            "(grow); send image and mask as files, and grow, page",
        ),
        (form(), {"grow": "1001"}, 422, "fields", "(grow)"),
        (form(), {"grow": "1.5"}, 422, "fields", "(grow)"),
        (form(), {"seed": "-1", "model": "several"}, 422, "fields", "(seed)"),
        (form(), {"seed": "1"}, 422, "fields", "'plain' has one fill for a hole"),
        (form() | {"image": (None, b"text")}, {}, 422, "fields", r"(image)"),
    ],
)
def test_what_cannot_be_restored_is_said_in_one_sentence(
    client: httpx2.Client, files: Any, data: dict[str, str], status: int, code: str, sentence: str
) -> None:
    answer = client.post("/v1/inpaint", files=files, data=data)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert sentence in error["message"]
    assert not re.search(r"Traceback| at 0x|/tmp|/etc|/dev", error["message"])


@pytest.mark.parametrize("file_format", ["GIF", "TIFF"])
def test_several_frames_are_refused(client: httpx2.Client, file_format: str) -> None:
    frames = [PIL.Image.fromarray(image_of(16, 24, colour)) for colour in (0, 50)]
    image = encoded(IMAGE, file_format, save_all=True, append_images=frames)
    error = client.post("/v1/inpaint", files=form(image)).json()["error"]
    assert error["code"] == "image"
    assert "has 3 pages or frames; choose one by its number (page)" in error["message"]
    chosen = client.post("/v1/inpaint", files=form(image), data={"page": "1"})
    assert chosen.status_code == 200
    error = client.post("/v1/inpaint", files=form(image), data={"page": "4"}).json()["error"]
    assert "has no page 4; give one from 1 to 3" in error["message"]


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json", 415, "media_type"),
        ("application/x-www-form-urlencoded", 415, "media_type"),
        ("multipart/form-data", 400, "body"),
        ("multipart/form-data; boundary=x", 400, "body"),
    ],
)
def test_other_bodies_are_refused(
    client: httpx2.Client, content_type: str, status: int, code: str
) -> None:
    answer = client.post(
        "/v1/inpaint", content=b"image=1&mask=2", headers={"Content-Type": content_type}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
