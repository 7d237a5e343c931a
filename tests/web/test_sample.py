"""The sample app's files: static, from one origin, legible, and as strict as an app should be."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.web.test_static import contrast

from sickbay.web.html_response import SAMPLE

FILES = {path.name: path.read_text() for path in sorted(SAMPLE.iterdir())}
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", FILES["sample.css"])
}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "under"), [("ink", "paper"), ("muted", "paper"), ("ink", "wash"), ("paper", "muted")])
def test_the_sample_apps_text_has_enough_contrast(front: str, under: str, theme: int) -> None:
    assert contrast(COLOURS[front][theme], COLOURS[under][theme]) >= 4.5


@pytest.mark.parametrize("page", ["index.html", "launch.html"])
def test_the_sample_apps_pages_have_no_inline_script_or_style(page: str) -> None:
    assert re.findall(r"<script\b[^>]*>", FILES[page]) == [f'<script type="module" src="{page.removesuffix(".html")}.js">']
    assert "style=" not in FILES[page]
    assert "<style" not in FILES[page]


@pytest.mark.parametrize("page", ["index.html", "launch.html"])
def test_without_javascript_a_page_only_says_that_it_needs_it(page: str) -> None:
    (content,) = re.findall(r"<main\b[^>]*>(.*?)</main>", FILES[page], re.S)
    assert re.fullmatch(r"\s*<noscript><h1>This app needs JavaScript</h1>.*</noscript>\s*", content)
    assert "show(" in FILES[page.replace(".html", ".js")].split("\n\n")[-1]


def test_every_referenced_file_exists() -> None:
    for text in FILES.values():
        for name in re.findall(r"""(?:src|href)="([\w.]+)"|from "\./([\w.]+)\"""", text):
            assert "".join(name) in FILES


def test_external_values_are_never_markup() -> None:
    for name, text in FILES.items():
        if name.endswith(".js"):
            assert "innerHTML" not in text
            assert "document.write" not in text


def test_the_sample_app_meets_a_strict_hospitals_requirements() -> None:
    for word in ("state", "aud: iss", 'code_challenge_method: "S256"', "code_verifier", "redirect_uri"):
        assert word in FILES["smart.js"]


def test_tokens_are_never_stored_where_other_tabs_can_read_them() -> None:
    assert "localStorage" not in "".join(FILES.values())


ANSWERS = """
import { answered } from "%s";
const kept = { iss: "http://b", clientId: "c", verifier: "v", redirect: "r", token: "t", issuer: "http://ehr/general" };
const strict = { ...kept, namesIssuer: true };
const store = { "sample-launch:old": JSON.stringify(kept), "sample-launch:new": JSON.stringify(strict) };
globalThis.sessionStorage = { getItem: (name) => store[name] ?? null, removeItem: (name) => delete store[name] };
const searches = JSON.parse(process.argv[1]);
console.log(JSON.stringify(searches.map((search) => {
  try { return answered(search).code; } catch (fault) { return [fault.title ?? fault.code, fault.link ?? null]; }
})));
"""
OWN_ISSUER, OTHER_ISSUER = "http%3A%2F%2Fehr%2Fgeneral", "http%3A%2F%2Fevil%2Fgeneral"
FOREIGN, UNKNOWN = ["iss doesn’t match", None], ["state doesn’t match", None]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (f"?code=x&state=new&iss={OWN_ISSUER}", "x"),
        ("?code=x&state=old", "x"),
        (f"?code=x&state=old&iss={OWN_ISSUER}", "x"),
        (f"?code=x&state=new&iss={OTHER_ISSUER}", FOREIGN),
        (f"?code=x&state=old&iss={OTHER_ISSUER}", FOREIGN),
        ("?code=x&state=new", FOREIGN),
        ("?code=x&state=new&iss=", FOREIGN),
        (f"?code=x&state=new&iss={OWN_ISSUER}%2F", FOREIGN),
        ("?code=x&state=none", UNKNOWN),
        (f"?error=access_denied&error_uri=http%3A%2F%2Fevil&state=new&iss={OTHER_ISSUER}", FOREIGN),
        ("?error=access_denied&error_uri=http%3A%2F%2Fevil", UNKNOWN),
        (f"?error=access_denied&error_uri=http%3A%2F%2Fehr&state=new&iss={OWN_ISSUER}", ["access_denied", "http://ehr"]),
    ],
)
def test_a_response_of_another_server_is_rejected(tmp_path: Path, search: str, expected: object) -> None:
    """RFC 9207, section 2.4."""
    module = tmp_path / "smart.mjs"
    module.write_text(FILES["smart.js"])
    script = ANSWERS % module.as_uri()
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, json.dumps([search])], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [expected]
