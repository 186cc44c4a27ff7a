"""Answers in steps: what comes when, and that it is the same picture in the end."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_service import LIMITS, Files, decoded, encoded, form, hole_in, image_of, metric, serving

from started import until

Event: TypeAlias = tuple[str, dict[str, Any]]
ACCEPT = {"Accept": "text/event-stream"}
IMAGE, HOLE = image_of(16, 24), hole_in(16, 24)
ONE_PROCESS = replace(LIMITS, processes=1, waiting=2)


def events_in(answer: httpx2.Response) -> Iterator[Event]:
    kind = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def followed(client: httpx2.Client, files: Any, **data: Any) -> list[Event]:
    with client.stream("POST", "/v1/inpaint", files=files, data=data, headers=ACCEPT) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(events_in(answer))


def patch_fields(done: dict[str, Any]) -> tuple[list[tuple[str, bytes]], str]:
    """Files and place of a patch, as another request sends them."""
    files = [("patch", done["image"]), ("patch_mask", done["mask"])]
    return [(name, base64.b64decode(text)) for name, text in files], "{},{}".format(*done["at"])


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


def test_steps_end_in_a_patch_of_the_same_pixels(client: httpx2.Client) -> None:
    (begun, start), (done, end) = followed(client, form())
    assert (begun, start) == ("begun", {"seconds": None})
    assert done == "done"
    (_, image), (_, mask) = patch_fields(end)[0]
    assert_array_equal(
        decoded(image)[decoded(mask)],
        decoded(client.post("/v1/inpaint", files=form()).content)[HOLE],
    )
    assert end["at"] == [6, 4]
    assert (end["model"], end["hole_pixels"], end["remark"]) == ("plain", HOLE.sum(), "")
    assert set(end["seconds"]) == {"decode", "inpaint", "encode"}


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_patches_are_known_and_the_picture_is_encoded_once(
    client: httpx2.Client, file_format: str
) -> None:
    """Two holes filled one after the other, as at once; blocks that no hole touches stay."""
    image = image_of(48, 64)
    holes = [np.zeros((48, 64), dtype=bool) for _ in range(2)]
    holes[0][2:6, 3:9] = holes[1][4:8, 30:50] = True
    data = encoded(image, file_format)
    files: list[tuple[str, bytes]] = []
    places: list[str] = []
    for hole in holes:
        sent = [("image", data), ("mask", encoded(hole)), *files]
        *_, (_, done) = followed(client, sent, patch_at=places)
        more, place = patch_fields(done)
        files += more
        places.append(place)
    answer = client.post("/v1/inpaint", files=[("image", data), *files], data={"patch_at": places})
    at_once = client.post("/v1/inpaint", files=form(data, encoded(holes[0] | holes[1])))
    assert answer.headers["content-type"] == at_once.headers["content-type"]
    assert "x-restauro-remark" not in answer.headers
    assert answer.content == at_once.content
    assert (decoded(answer.content)[24:] == decoded(data)[24:]).all()


@pytest.mark.parametrize(
    ("files", "data", "code"),
    [
        ([("image", encoded(IMAGE))], {}, "fields"),
        ([*form().items(), ("patch", b"")], {}, "fields"),
        ([*form().items(), ("patch", b""), ("patch_mask", b"")], {"patch_at": "1;2"}, "fields"),
        ([*form().items(), ("patch", b"?"), ("patch_mask", b"?")], {"patch_at": "1,2"}, "patch"),
    ],
)
def test_patches_that_cannot_be_laid_are_refused(
    client: httpx2.Client, files: Any, data: dict[str, str], code: str
) -> None:
    answer = client.post("/v1/inpaint", files=files, data=data)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("files", "model", "code"),
    [(form(b"?"), "plain", "picture_format"), (form(), "broken", "model_failed"),
     (form(), "dies", "process_died"), (form(), "fails", "internal")],
)  # fmt: skip
def test_what_goes_wrong_later_is_an_event(
    client: httpx2.Client, files: Files, model: str, code: str
) -> None:
    *_, (kind, error) = followed(client, files, model=model)
    assert (kind, error["code"]) == ("error", code)
    assert error["message"]


def test_who_waits_is_told_the_place_and_who_leaves_frees_all(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with serving(ONE_PROCESS, gate=gate) as client:

        def asking(model: str) -> Any:
            return client.stream(
                "POST", "/v1/inpaint", files=form(), data={"model": model}, headers=ACCEPT
            )

        with asking("held") as held:
            at_work = events_in(held)
            assert next(at_work)[0] == "begun"
            with asking("plain") as first, asking("plain") as second:
                waiting = [events_in(one) for one in (first, second)]
                assert [next(one) for one in waiting] == [
                    ("queued", {"place": 1}),
                    ("queued", {"place": 2}),
                ]
                busy = client.post("/v1/inpaint", files=form(), headers=ACCEPT)
                assert busy.status_code == 503
                held.close()
                assert [kind for kind, _ in waiting[0]] == ["begun", "done"]
                assert [kind for kind, _ in waiting[1]][-2:] == ["begun", "done"]
        until(lambda: metric(client, "restauro_admitted"), 0)
        assert metric(client, "restauro_renewed_processes") == 1
