"""Every page in Chromium: no violation that axe-core finds, nothing wider than the window, and few bytes.

In both themes and at 390 and 1280 pixels: in `make test` with two of these four looks, in `make prove` with all of them.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
from tests.laws import is_long
from tests.web.pages.test_pages import FRAGMENTS, PAGES, html_of

from sickbay.web.html_response import STATIC

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ADDRESS: Final = "http://localhost:7425"
PAGE_BYTES: Final = 150_000
STATIC_BYTES: Final = 90_000
"""The most bytes of a page, and of its style sheets and scripts together, which browsers keep."""
CASES: Final = [case for case in PAGES if PAGES[case][0] not in FRAGMENTS and not case.endswith("-file")]
"""All pages that a running Sickbay serves; the files of `make site` have the same content."""
PARTS: Final = 4
"""The pages are examined in so many tests, which several workers share."""
VISUAL: Final = ["color-contrast", "target-size", "scrollable-region-focusable"]
"""Rules whose result depends on theme or width."""
RUN: Final = """async rules => {
  const options = rules ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run(document, { ...options, preload: false, resultTypes: ["violations"] });
  const media = document.querySelector("audio, video") ? ["audio or video: its rule needs preload"] : [];
  const shown = nodes => nodes.map(node => node.html.slice(0, 160)).join(" | ");
  return [...media, ...found.violations.map(({ id, nodes }) => `${id}: ${shown(nodes)}`)];
}"""
"""Nothing is preloaded, which takes a quarter of the time: of the rules that run, only one about audio and video needs it."""
TOO_WIDE: Final = """() => [...document.querySelectorAll("body *")]
  .filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".nav"))
  .map(element => element.outerHTML.slice(0, 160)).slice(0, 5)"""


ONLY_SCRIPTS: Final = "[hidden], button[type=button], .scripted, [role=tablist]"


class Look(NamedTuple):
    """A way to look at a page. rules: of axe-core; None for all of them."""

    theme: Literal["light", "dark"]
    width: int
    rules: list[str] | None


LOOKS: Final = (Look("light", 1280, None), Look("dark", 390, None))
OTHER_LOOKS: Final = (Look("dark", 1280, VISUAL), Look("light", 390, VISUAL))
"""How `make prove` looks at pages besides: what only wide windows show is dark, and what only narrow ones show is light."""


class PageServer:
    """Answers the requests of a browser with rendered pages and the files of `static`, and counts the bytes of both."""

    def __init__(self) -> None:
        self.page_bytes = self.static_bytes = 0

    def answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        case, file = path.removeprefix("/case/"), STATIC / path.removeprefix("/static/")
        if case in PAGES:
            body = html_of(case).encode()
            self.page_bytes, self.static_bytes = len(body), 0
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        elif path.startswith("/static/") and file.is_file():
            self.static_bytes += file.stat().st_size
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            route.fulfill(status=404, body="")

    def count_excess(self) -> list[str]:
        sizes = ((self.page_bytes, PAGE_BYTES, "the page"), (self.static_bytes, STATIC_BYTES, "styles and scripts"))
        return [f"{what}: {size} bytes" for size, limit, what in sizes if size > limit]


def examine(page: Page, server: PageServer, case: str) -> list[str]:
    """What is wrong with a page, in each look."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{ADDRESS}/case/{case}")
    page.add_style_tag(content="* { transition: none !important }")  # colours change at once with the theme
    problems = [f"{case}: {problem}" for problem in server.count_excess()]
    for look in (*LOOKS, *OTHER_LOOKS) if is_long() else LOOKS:
        page.emulate_media(color_scheme=look.theme)
        page.set_viewport_size({"width": look.width, "height": 900})
        found = page.evaluate(RUN, look.rules)
        if page.evaluate("document.documentElement.scrollWidth") > look.width:
            found.append(f"wider than the window: {page.evaluate(TOO_WIDE)}")
        problems += [f"{case}, {look.theme}, {look.width} px: {problem}" for problem in found]
    return problems


@pytest.fixture
def server(page: Page, node: Path) -> PageServer:
    serving = PageServer()
    page.route("**/*", serving.answer)
    page.add_init_script(path=node / "axe-core" / "axe.min.js")
    return serving


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_no_violation_and_nothing_overflows_on_any_page(page: Page, server: PageServer, part: int) -> None:
    problems = [problem for case in CASES[part::PARTS] for problem in examine(page, server, case)]
    assert problems == [], "\n".join(problems)


def test_what_only_scripts_use_is_not_shown_without_javascript(page: Page, server: PageServer) -> None:
    """The class of an element must not show it again: rules of a style sheet override the browser's rule for `hidden`."""
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        plain.route("**/*", server.answer)
        for case in ("exchanges", "chart", "consent", "exchange", "time"):
            plain.goto(f"{ADDRESS}/case/{case}")
            shown = [found for found in plain.locator(ONLY_SCRIPTS).all() if found.is_visible()]
            assert shown == [], case


def test_a_pale_text_and_a_wide_one_are_found(page: Page, server: PageServer) -> None:
    page.goto(f"{ADDRESS}/case/{CASES[0]}")
    page.emulate_media(color_scheme="light")
    page.evaluate("""() => {
      const style = document.querySelector("h1").style;
      Object.assign(style, { color: "#bbb", background: "#fff", whiteSpace: "nowrap", width: "2000px", maxWidth: "none" });
    }""")
    assert [found.partition(":")[0] for found in page.evaluate(RUN, ["color-contrast"])] == ["color-contrast"]
    assert page.evaluate(TOO_WIDE)
