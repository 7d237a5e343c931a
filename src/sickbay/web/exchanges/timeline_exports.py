"""A launch as a file: its diagram as SVG that needs no style sheet, and as a sequence diagram in Mermaid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import escape

from sickbay.web.exchanges.timeline_steps import LIFELINES, Arrow
from sickbay.web.exchanges.timeline_views import TimelineView
from sickbay.web.pages import svg

MESSAGE_CHARACTERS: Final = 160
"""Maximum number of characters of a Mermaid message. The request is shortened to fit."""
_SPECIAL = re.compile(r"[^\w .,:/()?=*+'…‹›’~@!%-]|%(?=[%{])", re.A)
"""Characters that Mermaid or HTML could read as markup: they are written as entities. %%{ would begin a directive."""
_SHAFTS: Final = {"refused": "-x", "warning": "-x", "waits": "-->>", "stalled": "-->>"}
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_TOKEN = re.compile(r"(--[\w-]{1,60}): (?:light-dark\(([^,;]{1,200}),[^);]{1,200}\)|([^;]{1,200}));")


def draw_svg(view: TimelineView) -> str:
    """Returns the diagram with its own style, in the light colours. It has no scripts and loads nothing."""
    drawing = _printable_text(str(svg.draw_sequence(view)))
    head, _, rest = drawing.partition(">")
    width, height = re.findall(r'viewBox="0 0 (\d+) (\d+)"', head)[0]
    opening = f'{head} xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    background = f'<rect class="sheet" width="{width}" height="{height}"/>'
    return f"{opening}<title>{escape(_printable_text(view.title))}</title><style>{_diagram_style()}</style>{background}{rest}\n"


@cache
def _diagram_style() -> str:
    """The rules of the page's style sheet for diagrams, with the values of their variables."""
    css = Path(__file__).parent.parent / "static" / "css"
    colours = {name: light or value for name, light, value in _TOKEN.findall((css / "tokens.css").read_text(encoding="utf-8"))}
    rules = _find_rules((css / "developer.css").read_text(encoding="utf-8"))
    text = " ".join((*rules, ".seq .sheet { fill: var(--sheet); }"))
    return _VARIABLE.sub(lambda match: colours[match[1]], text)


def _find_rules(text: str) -> Iterator[str]:
    """Returns the rules of a style sheet for elements inside a diagram."""
    for rule in text.split("}"):
        selector, brace, declarations = rule.partition("{")
        selector = selector.rpartition("*/")[2].strip()
        if brace and selector.startswith(".seq "):
            yield f"{selector} {{{declarations}}}"


def _printable_text(text: str) -> str:
    """Text without the control characters that XML forbids."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)


def draw_mermaid(view: TimelineView) -> str:
    """The sequence diagram, as GitHub and many editors draw it."""
    lines = ["sequenceDiagram", f"    title {_mermaid_text(view.title, MESSAGE_CHARACTERS) or 'Launch'}"]
    lines += [
        f"    participant {key} as {_mermaid_text(name, 60) or key}"
        for key, (name, _) in zip(LIFELINES, view.names, strict=True)
    ]
    lines += [f"    {_draw_arrow(arrow)}" for arrow in view.arrows]
    return "\n".join(lines) + "\n"


def _draw_arrow(arrow: Arrow) -> str:
    if arrow.kind == "gap":
        return f"Note over {arrow.origin},{arrow.target}: {_mermaid_text(arrow.text, MESSAGE_CHARACTERS)}"
    fault = f"injected fault: {arrow.fault}" if arrow.fault else ""
    words = ", ".join(filter(None, (arrow.label, fault, arrow.at if arrow.kind == "waits" else arrow.status)))
    number = f"{arrow.number}. " if arrow.number else ""
    wire = f": {arrow.wire}" if arrow.wire else ""
    message = _mermaid_text(f"{number}{words}{wire}", MESSAGE_CHARACTERS)
    return f"{arrow.origin}{_SHAFTS.get(arrow.kind, '->>')}{arrow.target}: {message}"


def _mermaid_text(text: str, size: int) -> str:
    """Text on one line that Mermaid can't read as anything else. size: the maximum number of characters, before entities."""
    line = " ".join(_printable_text(text).split())
    line = line if len(line) <= size else line[: size - 1] + "…"
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", line)
