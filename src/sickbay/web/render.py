"""The one door to the templates: a page's name, its view and its frame become HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sickbay.web import charts
from sickbay.web.pages.frame import Frame

HERE = Path(__file__).parent
STATIC = HERE / "static"
SAMPLE = HERE / "sample"

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.globals["charts"] = charts


def page(name: str, view: Any, frame: Frame) -> str:
    """The template `{name}.html.j2` sees `view`, `frame` and `charts`, and nothing else."""
    return _environment.get_template(f"{name}.html.j2").render(view=view, frame=frame)


def names() -> tuple[str, ...]:
    """The pages there are."""
    return tuple(sorted(path.name.removesuffix(".html.j2") for path in (HERE / "templates").glob("*.html.j2")))
