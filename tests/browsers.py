"""The browsers of tests: where they are, how they are opened, and what a test leaves in one."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.laws import is_long

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

FULL_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIGHT_BROWSERS = ("chromium-headless-shell",)
"""The same engine without the windows and settings of a browser, which take a third of the processor time of a test."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)

LENIENT = ("--ignore-certificate-errors", "--host-resolver-rules=MAP ehr.example.org 127.0.0.1, MAP app.example.net 127.0.0.1")
"""Some tests serve https under a new certificate, or under the name of another machine."""
PREFERENCES = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
"""The defaults of most browsers. Private windows, and Debian's Chromium, block storage in frames of another origin."""


def find_browser(full: bool = False) -> str | None:
    """The path of a browser: of the lighter one if it is installed, except in `make prove` or if it must be a full one."""
    names = FULL_BROWSERS if full or is_long() else (*LIGHT_BROWSERS, *FULL_BROWSERS)
    return next(filter(None, map(shutil.which, names)), None)


class Browsers:
    """Playwright's driver and the browsers it opens. Starting the driver takes a second, and each browser another one.

    The driver keeps an event loop in this thread. Only while a module needs it does asyncio find it, because with it no test
    could use asyncio.run.
    """

    def __init__(self, driver: Playwright, profile: Path) -> None:
        self.driver = driver
        self.profile = profile
        self.shared: BrowserContext | None = None
        self.loop = asyncio.get_running_loop()

    @contextmanager
    def in_use(self) -> Iterator[Browsers]:
        asyncio._set_running_loop(self.loop)
        yield self
        asyncio._set_running_loop(None)

    def open(self, profile: Path, preferences: dict[str, Any] | None = None) -> BrowserContext:
        """Open the system's Chromium, headless, with its profile in the given folder. The caller closes the context.

        preferences: other ones than those of most browsers. Only a full browser reads them.
        """
        (profile / "Default").mkdir(parents=True)
        (profile / "Default" / "Preferences").write_text(json.dumps(preferences or PREFERENCES))
        return self.driver.chromium.launch_persistent_context(
            profile,
            executable_path=find_browser(full=preferences is not None),
            args=[*QUIET, *LENIENT],
            viewport={"width": 1280, "height": 900},
        )


def fresh_page(context: BrowserContext, timeout: int) -> Iterator[Page]:
    """A new page. Afterwards everything that it left in the browser is deleted, and its pop-ups are closed.

    The browser would end without its first page, so that one stays. timeout: in milliseconds.
    """
    first = context.pages[0]
    context.set_default_timeout(timeout)
    yield context.new_page()
    for page in context.pages[1:]:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    protocol = context.new_cdp_session(first)
    protocol.send("Network.clearBrowserCache")
    protocol.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    protocol.detach()
