"""Renders the templates: a page's name, its view and its frame become HTML."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sickbay.kernel.english import count
from sickbay.web.pages import svg
from sickbay.web.pages.layout import Frame

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
STATIC = HERE / "static"
SAMPLE = HERE / "sample"
TEMPLATES = HERE / "templates"
PAGES = (TEMPLATES, *(TEMPLATES / product for product in ("admin", "docs", "ehr", "exchanges", "oauth", "portal")))
"""The folders of pages: what all products share, and one for each product. A page is named without its folder."""


@cache
def _environment() -> Environment:
    """Imported with the first page, because a server without browsers doesn't need it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"charts": svg, "count": count}
    environment.filters |= {"with_code": with_code, "without_backticks": without_backticks}
    return environment


def with_code(text: str) -> Markup:
    """Text as HTML: what is in backticks becomes a code element, everything else is escaped."""
    from markupsafe import Markup, escape

    # Python 3.11 joins the parts with the type of the text, and Markup would escape them again.
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def without_backticks(text: str) -> str:
    """Remove backticks, for text without markup such as a page title."""
    return text.replace("`", "")


def page(name: str, view: Any, frame: Frame) -> str:
    """The template `{name}.html.j2` sees `view`, `frame`, `charts` and `count`, and nothing else."""
    return _environment().get_template(f"{name}.html.j2").render(view=view, frame=frame)
