from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx2
import pytest
from small_service import LIMITS, form, serving

from restauro.server.guard import Access

TOKEN, ORIGIN = "sesame", "https://example.org"
NOBODY_WORKS = dataclasses.replace(LIMITS, processes=0, waiting=0)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """Of a service as it is by default, on this machine alone."""
    with serving(NOBODY_WORKS, Access(hosts={"localhost"})) as client:
        yield client


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx2.Client]:
    """Of a service with a token, which pages of one other origin may ask."""
    with serving(NOBODY_WORKS, Access(TOKEN, [ORIGIN])) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/static/none.js", "/v1/models", "/v1/inpaint", "/healthz", "/nowhere"]
)
def test_every_answer_has_safe_headers(client: httpx2.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_other_origins_are_refused_and_get_no_permission(client: httpx2.Client) -> None:
    for origin in (ORIGIN, "null", "http://[", "http://localhost.example.org"):
        answer = client.get("/v1/models", headers={"Origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "origin"
        assert "access-control-allow-origin" not in answer.headers
    preflight = client.options("/v1/inpaint", headers={"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 405


def test_the_page_s_own_origin_may_ask(client: httpx2.Client) -> None:
    own = str(client.base_url).rstrip("/")
    assert client.get("/v1/models", headers={"Origin": own}).status_code == 200


def test_a_named_origin_may_ask_and_read(guarded: httpx2.Client) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    preflight = guarded.options(
        "/v1/inpaint", headers=asked | {"Access-Control-Request-Headers": "authorization"}
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    answer = guarded.get("/v1/models", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"]
    assert {"X-Restauro-Model", "X-Restauro-Remark"} <= set(exposed.split(", "))


@pytest.mark.parametrize(
    "host", ["example.org", "localhost.example.org:8000", "127.0.0.1.example.org", "[::1", ""]
)
def test_invented_names_of_this_machine_are_refused(client: httpx2.Client, host: str) -> None:
    answer = client.get("/v1/models", headers={"Host": host})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "host"
    assert "--allowed-host" in error["message"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "[::1]:8000", "127.0.0.1", "192.0.2.1:8000"]
)
def test_names_and_addresses_of_this_machine_are_taken(client: httpx2.Client, host: str) -> None:
    assert client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "given", ["", "sesame", "Bearer", "Bearer sesam", "Basic sesame", "Bearer \xe9"]
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/samples", "/v1/inpaint", "/metrics"])
def test_without_the_token_nothing_is_told(guarded: httpx2.Client, path: str, given: str) -> None:
    method = "POST" if path == "/v1/inpaint" else "GET"
    files = form() if method == "POST" else None
    headers = [(b"Authorization", given.encode("latin-1"))]
    answer = guarded.request(method, path, files=files, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "token"


def test_with_the_token_all_is_answered(guarded: httpx2.Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/v1/models", "/v1/samples", "/metrics"):
        assert guarded.get(path, headers=headers).status_code == 200
    assert guarded.get("/v1/models", headers={"Authorization": f"bearer {TOKEN}"}).is_success


def test_health_and_samples_need_no_token(guarded: httpx2.Client) -> None:
    assert guarded.get("/healthz").json()["status"] == "ok"
    assert guarded.get("/samples/child.png").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/samples/..%2Fcli.py",
        "/samples/README.md",
        "/samples/%2e%2e/cli.py",
        "/static/..%2Fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/docs",
        "/redoc",
    ],
)
def test_no_other_file_is_served(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "path"
