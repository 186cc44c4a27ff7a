"""`POST /v1/mask`, with the finder that ships: its processes are real."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import httpx2
import numpy as np
import PIL.Image
import pytest
from small_service import encoded, image_of, serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


def test_mask_is_a_png_as_large_as_the_picture(client: httpx2.Client) -> None:
    files = {"image": ("scan.jpg", encoded(image_of(40, 56), "JPEG"))}
    answer = client.post("/v1/mask", files=files, data={"strength": "0.7", "grow": "1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    with PIL.Image.open(BytesIO(answer.content)) as mask:
        assert (mask.size, mask.mode, mask.format) == ((56, 40), "L", "PNG")
        assert set(np.unique(np.asarray(mask))) <= {0, 255}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("kinds", "dust,scratchy", "did you mean 'scratch'?"), ("strength", "2", "strength")],
)
def test_what_it_does_not_know_is_refused(
    client: httpx2.Client, field: str, value: str, said: str
) -> None:
    files = {"image": ("scan.png", encoded(image_of(40, 56), "PNG"))}
    answer = client.post("/v1/mask", files=files, data={field: value})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "fields"
    assert said in answer.json()["error"]["message"]
