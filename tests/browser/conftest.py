"""A headless Chromium for the HTML report, or a clear reason why there is none."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from envcensus.model.census import Census
from envcensus.report import formats
from envcensus.report.options import RenderOptions

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell")


def _missing(reason: str) -> None:
    """Skip, or fail where a browser is required (continuous integration)."""
    if os.environ.get("ENVCENSUS_REQUIRE_BROWSER"):
        pytest.fail(f"ENVCENSUS_REQUIRE_BROWSER is set, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a module and no longer: Playwright keeps an event loop running in this thread, and
    what comes after wants to run its own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed (pip install playwright)")
    path = os.environ.get("ENVCENSUS_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        _missing("no Chromium is installed (apt-get install chromium, or set ENVCENSUS_CHROMIUM)")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


class Viewer:
    """Opens reports; remembers what a page complained of, asked the network for, or tried to pop up."""

    def __init__(self, browser: Any, folder: pathlib.Path) -> None:
        self.browser, self.folder = browser, folder
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.contexts: list[Any] = []

    def open(self, census: Census, address: str = "", *, options: RenderOptions | None = None, **context: Any) -> Any:
        """A page that shows the report at `address` (what follows the `#`)."""
        path = self.folder / "report.html"
        text = "".join(formats.render("html", census, options or RenderOptions(version="0")))
        path.write_text(text, encoding="utf-8")
        self.contexts.append(self.browser.new_context(viewport={"width": 1280, "height": 900}, **context))
        page = self.contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri() + address)
        return page

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def viewer(browser: Any, tmp_path: pathlib.Path) -> Iterator[Viewer]:
    """Whatever a test does: no console message, no error, no dialog, no request but for the file itself."""
    made = Viewer(browser, tmp_path)
    yield made
    for context in made.contexts:
        context.close()
    assert made.complaints == []
    assert {url.partition("#")[0] for url in made.requests} <= {(tmp_path / "report.html").as_uri()}
