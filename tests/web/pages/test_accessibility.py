"""Every page in Chromium: no violation that axe-core finds, nothing wider than the window, and few bytes.

`make prove` opens each page in both themes at 390 and at 1280 pixels. `make test` opens one page of each template in two of
these four ways, and the second time checks only what depends on theme or width. It opens other pages of a template in one way.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import pytest
from tests.clients.origins import serves
from tests.laws import is_long
from tests.web.pages.test_pages import FRAGMENTS, PAGES, html_of

from sickbay.web.html_response import STATIC

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

PAGE_BYTES: Final = 150_000
STATIC_BYTES: Final = 90_000
"""The most bytes of a page, and of its style sheets and scripts together, which browsers keep."""
CASES: Final = [case for case in PAGES if PAGES[case][0] not in FRAGMENTS and not case.endswith("-file")]
"""All pages that a running Sickbay serves; the files of `make site` have the same content."""
FIRST: Final = {PAGES[case][0]: case for case in reversed(CASES)}
"""The page of each template that `make test` looks at twice."""
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


STATIC_SIZES: Final = """() => performance.getEntriesByType("resource")
  .filter(entry => new URL(entry.name).pathname.startsWith("/static/"))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
STILL: Final = b"<style>* { transition: none !important }</style>"
"""At the end of a page, so that colours change at once with the theme."""


def answer(path: str) -> tuple[str, bytes] | None:
    """A rendered page, or a file of `static`."""
    case, file = path.removeprefix("/case/"), STATIC / path.removeprefix("/static/")
    if case in PAGES:
        return "text/html; charset=utf-8", html_of(case).encode() + STILL
    if path.startswith("/static/") and file.is_file():
        return mimetypes.guess_type(file.name)[0] or "text/plain", file.read_bytes()
    return None


def count_excess(page: Page, case: str) -> list[str]:
    sizes = (
        (len(html_of(case).encode()), PAGE_BYTES, "the page"),
        (page.evaluate(STATIC_SIZES), STATIC_BYTES, "styles and scripts"),
    )
    return [f"{what}: {size} bytes" for size, limit, what in sizes if size > limit]


def examine(page: Page, address: str, case: str, looks: Sequence[Look]) -> list[str]:
    """What is wrong with a page, in each look."""
    look_at(page, looks[0])
    page.goto(f"{address}/case/{case}")
    problems = [f"{case}: {problem}" for problem in count_excess(page, case)]
    for look in looks:
        look_at(page, look)
        found = page.evaluate(RUN, look.rules)
        if page.evaluate("document.documentElement.scrollWidth") > look.width:
            found.append(f"wider than the window: {page.evaluate(TOO_WIDE)}")
        problems += [f"{case}, {look.theme}, {look.width} px: {problem}" for problem in found]
    return problems


def look_at(page: Page, look: Look) -> None:
    size: ViewportSize = {"width": look.width, "height": 900}
    if page.viewport_size != size:
        page.set_viewport_size(size)
    page.emulate_media(color_scheme=look.theme)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a server with all pages."""
    with serves(answer, kept=True) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def inspected(page: Page, node: Path) -> Page:
    """Each document in it has axe-core."""
    page.add_init_script(path=node / "axe-core" / "axe.min.js")
    return page


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_no_violation_and_nothing_overflows_on_any_page(inspected: Page, address: str, part: int) -> None:
    """Each page begins with the look in which the one before ended, because to change the size of a window takes long.

    So all rules see in many pages what each width shows of the frame that pages share.
    """
    looks = [*LOOKS]
    problems: list[str] = []
    for case in CASES[part::PARTS]:
        first, second = looks
        others = [*OTHER_LOOKS, second] if is_long() else [second._replace(rules=VISUAL)] * (case in FIRST.values())
        problems += examine(inspected, address, case, [first, *others])
        looks = looks[::-1] if others else looks
    assert problems == [], "\n".join(problems)


def test_what_only_scripts_use_is_not_shown_without_javascript(page: Page, address: str) -> None:
    """The class of an element must not show it again: rules of a style sheet override the browser's rule for `hidden`."""
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        for case in ("exchanges", "chart", "consent", "exchange", "time"):
            plain.goto(f"{address}/case/{case}")
            shown = [found for found in plain.locator(ONLY_SCRIPTS).all() if found.is_visible()]
            assert shown == [], case


def test_a_pale_text_and_a_wide_one_are_found(inspected: Page, address: str) -> None:
    inspected.goto(f"{address}/case/{CASES[0]}")
    inspected.emulate_media(color_scheme="light")
    inspected.evaluate("""() => {
      const style = document.querySelector("h1").style;
      Object.assign(style, { color: "#bbb", background: "#fff", whiteSpace: "nowrap", width: "2000px", maxWidth: "none" });
    }""")
    assert [found.partition(":")[0] for found in inspected.evaluate(RUN, ["color-contrast"])] == ["color-contrast"]
    assert inspected.evaluate(TOO_WIDE)
