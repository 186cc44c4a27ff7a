from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from simplefills import NAMES
from small_service import decoded, form, metric, serving

import restauro
from restauro.server.watch import JsonLines
from started import until


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


def test_models_are_listed_with_their_default(client: httpx2.Client) -> None:
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == list(NAMES)
    assert [model["name"] for model in models if model["default"]] == [NAMES[0]]
    keys = {"name", "kind", "domain", "terms", "version", "size", "parameters"}
    keys |= {"several", "default"}
    assert all(set(model) == keys for model in models)


def test_samples_can_be_fetched_with_their_masks(client: httpx2.Client) -> None:
    samples = client.get("/v1/samples").json()
    assert len(samples) == 8
    for sample in samples:
        assert sample["credit"]
        picture = client.get(sample["url"])
        assert picture.headers["content-type"] in ("image/png", "image/jpeg")
        mask = client.get(sample["mask"])
        assert decoded(picture.content).shape[:2] == decoded(mask.content).shape


def test_health_tells_the_version(client: httpx2.Client) -> None:
    answer = client.get("/healthz").json()
    assert answer == {"status": "ok", "version": restauro.__version__}


def test_metrics_count_answers_by_route(client: httpx2.Client) -> None:
    names = {"path": "/v1/inpaint", "status": "200"}
    before = metric(client, "restauro_requests_total", **names)
    assert client.post("/v1/inpaint", files=form()).status_code == 200
    client.get("/one/of/many/invented/paths")
    assert metric(client, "restauro_requests_total", **names) == before + 1
    assert metric(client, "restauro_requests_total", path="other", status="404") >= 1
    assert metric(client, "restauro_hole_pixels_total", model="plain") > 0
    assert metric(client, "restauro_step_seconds_count", step="inpaint") > 0
    assert "invented" not in client.get("/metrics").text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/samples/child.png",
        "/static/main.js",
        "/static/refusals.js",
        "/v1/models",
        "/v1/samples",
    ],
)
def test_head_is_get_without_a_body(client: httpx2.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    if path != "/metrics":  # counts what asks for it
        assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("wanted", ["garbage", "bytes=5-2", "bytes=0-9", "bytes=99999999-"])
@pytest.mark.parametrize("path", ["/", "/samples/child.png", "/static/main.js"])
def test_ranges_are_ignored(client: httpx2.Client, path: str, wanted: str) -> None:
    answer = client.get(path, headers={"Range": wanted})
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "none"
    assert answer.content == client.get(path).content


def test_other_methods_and_paths(client: httpx2.Client) -> None:
    refused = client.get("/v1/inpaint")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.json()["error"]["code"] == "method"
    assert client.get("/v1/").json()["error"]["code"] == "path"


def test_the_log_has_a_line_of_json_without_the_picture(
    client: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[dict[str, Any]]:  # the line of a GET before this test may come late
        lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
        return [line for line in lines if line["method"] == "POST"]

    with caplog.at_level(logging.INFO, "restauro"):
        assert client.post("/v1/inpaint", files=form()).status_code == 200
        client.post("/v1/inpaint", files=form(b"secret"))
        until(lambda: len(told()), 2)  # written once an answer is on its way
    restored, refused = told()
    assert restored["path"] == "/v1/inpaint"
    assert restored["status"] == 200
    assert restored["model"] == "plain"
    assert restored["request_bytes"] > restored["answer_bytes"] > 0
    assert refused["code"] == "picture_format"
    assert not any(word in caplog.text for word in ("secret", "passwd", "PNG"))
