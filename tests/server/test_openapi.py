"""What the service answers is what its OpenAPI document says, whatever is asked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from small_service import LIMITS, form, serving

import restauro
from restauro.server.guard import Access
from restauro.server.refusals import KINDS

EXAMPLES = 12
"""For each path and kind; `max_examples` of Hypothesis."""
PATHS = (
    "POST /v1/inpaint",
    "POST /v1/mask",
    "GET /v1/models",
    "GET /v1/samples",
    "GET /samples/{file_name}",
    "GET /healthz",
    "GET /metrics",
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serving() as client:
        yield client


@pytest.fixture(scope="module")
def api(client: httpx2.Client) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(str(client.base_url.join("/openapi.json")))


def test_every_path_is_documented(api: schemathesis.BaseSchema) -> None:
    paths = api.raw_schema["paths"]
    documented = [f"{method.upper()} {path}" for path in paths for method in paths[path]]
    assert sorted(documented) == sorted(PATHS)


CASES = [(path, GenerationMode.POSITIVE) for path in PATHS]
CASES.append(("POST /v1/inpaint", GenerationMode.NEGATIVE))  # the others take nothing to get wrong


@pytest.mark.parametrize(("path", "mode"), CASES)
def test_answers_are_as_documented(
    api: schemathesis.BaseSchema, path: str, mode: GenerationMode
) -> None:
    method, name = path.split()

    @given(case=api[name][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case[Any]) -> None:
        # a document cannot say that bytes must be a picture, so most of them are refused
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    check()


def test_pictures_are_documented_as_what_comes(
    api: schemathesis.BaseSchema, client: httpx2.Client
) -> None:
    operation = api["/v1/inpaint"]["POST"]
    for accept in ("*/*", "application/json"):
        answer = client.post("/v1/inpaint", files=form(), headers={"Accept": accept})
        assert answer.status_code == 200
        kind = answer.headers["content-type"]
        documented = operation.definition.raw["responses"]["200"]["content"]
        assert kind in documented


def test_a_token_is_documented() -> None:
    limits = dataclasses.replace(LIMITS, processes=0)
    with serving(limits, Access("sesame")) as client:
        document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert document["paths"]["/v1/inpaint"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]
    assert "401" in document["paths"]["/v1/inpaint"]["post"]["responses"]


def test_the_manual_has_every_refusal() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
    table = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*) \|$", manual, re.MULTILINE)
    assert table == [(code, str(kind.status), kind.english) for code, kind in KINDS.items()]


def test_every_code_of_a_picture_has_a_refusal() -> None:
    source = Path(restauro.__file__).parent
    used = {
        code
        for path in source.rglob("*.py")
        for code in re.findall(r"(?:Refusal\(\s*|code=)\"(\w+)\"", path.read_text())
    }
    assert {"mask_size", "picture_format", "busy"} <= used
    assert used <= KINDS.keys()


def test_every_refusal_has_a_sentence_in_each_language_of_the_page() -> None:
    with serving(dataclasses.replace(LIMITS, processes=0)) as client:
        module = client.get("/static/refusals.js")
    assert module.headers["content-type"].startswith("text/javascript")
    for code, kind in KINDS.items():
        assert f'"service_{code}": [null, "{kind.italian}"],' in module.text
        assert ";" in kind.english  # what is wrong; what to do
        assert re.fullmatch(r"[A-Zr].*; .*\.", kind.italian)
