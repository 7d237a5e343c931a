"""The style sheets: every pair of colours in use is measured (WCAG 2.2, 1.4.3 and 1.4.11), in both themes."""

from __future__ import annotations

import re

from tests.laws import for_each

from sickbay.web.html_response import STATIC

TEXT, SIGN = 4.5, 3.0
SHEETS = {path.name: path.read_text() for path in sorted((STATIC / "css").glob("*.css"))}
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", SHEETS["tokens.css"])
}
PAIRS = [
    *[(ink, under, TEXT) for ink in ("ink", "ink-2", "ink-3") for under in ("sheet", "paper", "well")],
    *[("edge", under, SIGN) for under in ("sheet", "paper")],
    *[("blue", under, TEXT) for under in ("sheet", "paper", "well", "blue-wash")],
    ("on-blue", "blue", TEXT),
    ("on-blue", "blue-hover", TEXT),
    ("on-ehr", "ehr", TEXT),
    ("on-ehr-2", "ehr", TEXT),
    ("ink", "blue-wash", TEXT),
    ("ink-2", "blue-wash", TEXT),
    ("ink-2", "red-wash", TEXT),
    ("ink-2", "amber-wash", TEXT),
    ("ink", "amber-wash", TEXT),
    ("red", "sheet", TEXT),
    ("red", "red-wash", TEXT),
    ("red-on-mark", "red-mark", TEXT),
    ("amber", "sheet", TEXT),
    ("amber", "amber-wash", TEXT),
    ("amber-on-mark", "amber-mark", TEXT),
    ("green", "sheet", TEXT),
    ("green", "green-wash", TEXT),
    ("green", "well", TEXT),
    ("green-on-mark", "green-mark", TEXT),
    ("sheet", "red", TEXT),
    ("sheet", "amber", TEXT),
    ("sheet", "blue", TEXT),
    ("sheet", "ink", TEXT),
    ("red", "paper", SIGN),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first_colour: str, other: str) -> float:
    high, low = sorted((luminance(first_colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@for_each("theme", [0, 1])
@for_each("front, under, least", PAIRS)
def test_each_pair_of_colours_has_enough_contrast(front: str, under: str, least: float, theme: int) -> None:
    assert contrast(TOKENS[front][theme], TOKENS[under][theme]) >= least


def test_every_used_variable_is_defined() -> None:
    text = "".join(SHEETS.values())
    assert set(re.findall(r"var\(--([\w-]+)\)", text)) <= set(re.findall(r"--([\w-]+):", text))


def test_no_style_sheet_or_script_loads_anything_external() -> None:
    for path in STATIC.rglob("*.*"):
        if path.suffix in (".css", ".js"):
            text = path.read_text()
            assert "//" not in re.sub(r"^\s*//.*$|\s//.*$", "", text, flags=re.M), path.name
            assert "url(" not in text


def test_braces_of_the_style_sheets_are_balanced() -> None:
    for name, text in SHEETS.items():
        assert text.count("{") == text.count("}"), name
