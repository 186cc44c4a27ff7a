"""Damaged pictures of every kind: refused in one sentence, without a fault of the service."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from damage import damaged
from small_service import form, metric, serving

CASES = 120
"""More of them: benchmarks/service_load.py."""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


def test_no_picture_makes_the_service_fail(client: httpx2.Client) -> None:
    statuses = set()
    for number in range(CASES):
        field = "mask" if number % 3 == 0 else "image"
        answer = client.post("/v1/inpaint", files=form() | {field: ("a", damaged(number))})
        assert answer.status_code < 500, f"case {number}: {answer.text}"
        if answer.status_code != 200:
            assert answer.json()["error"]["message"]
        statuses.add(answer.status_code)
    assert {200, 413, 415, 422} <= statuses
    assert metric(client, "restauro_renewed_processes") == 0
    assert client.post("/v1/inpaint", files=form()).status_code == 200
