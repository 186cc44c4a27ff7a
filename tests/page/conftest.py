"""A real service and a real browser, without any other host."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from subprocess import DEVNULL, PIPE
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect, sync_playwright
from visitor import Visitor

from started import PATIENCE, started

CHROMIUM = shutil.which("chromium")
MODELS = ("faces", "aircraft", "telea", "auto")
OpenPage = Callable[..., Visitor]


@pytest.fixture(scope="module")
def service_url() -> Iterator[str]:
    """Address of `restauro serve` with `MODELS`."""
    command = [sys.executable, "-m", "restauro", "serve", "--port", "0", "--processes", "1"]
    command += [word for name in MODELS for word in ("--model", name)]
    with started(
        [*command, "--max-seconds", str(PATIENCE)], stdout=PIPE, stderr=DEVNULL
    ) as service:
        assert service.stdout is not None
        words = service.stdout.readline().split()  # open http://... in a browser
        assert len(words) > 1, "the service did not start"
        yield words[1]
        service.send_signal(signal.SIGTERM)
        service.wait(PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of one file: it would go on drawing beside other tests."""
    if CHROMIUM is None:
        pytest.skip("Chromium is missing; .ci/run installs it")
    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=1000 * PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, service_url: str) -> Iterator[OpenPage]:
    """Opens the page: `open_page(locale=..., color_scheme=..., viewport=...)`.

    At the end, no request may have gone to another host, and the browser must have had nothing to
    complain about: neither an error of a script nor a violation of the content security policy.
    """
    contexts: list[BrowserContext] = []
    hosts: set[str] = set()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # what a test provoked, and that the machine has no graphics card
        is_known = message.text.startswith(("Failed to load resource", "No available adapters"))
        if message.type in ("error", "warning") and not is_known:
            complaints.append(message.text)

    def open_page(**options: Any) -> Visitor:
        settings: dict[str, Any] = {
            "locale": "en-GB",
            "viewport": {"width": 1280, "height": 800},
        } | options
        context = browser.new_context(**settings)
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(service_url)
        expect(page.locator("#samples button")).not_to_have_count(0)
        return Visitor(page)

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
    assert hosts <= {urlsplit(service_url).netloc, ""}  # "": blob and data addresses


@pytest.fixture
def visitor(open_page: OpenPage) -> Visitor:
    """Somebody who has just opened the page on a desk."""
    return open_page()
