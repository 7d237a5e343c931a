"""Pages show a new PKCE verifier with its challenge; the JSON of an exchange has a placeholder instead."""

from __future__ import annotations

import re
from pathlib import Path

from tests.flows.flow import Flow, run
from tests.flows.test_security import field

from sickbay.protocol import pkce

HTML = {"Accept": "text/html"}
TEXT = {"Accept": "text/plain"}
JSON = {"Accept": "application/json"}


def pair_on(text: str) -> tuple[str, str]:
    """The challenge in the corrected request, and the verifier in the note."""
    challenges = re.findall(r"code_challenge=([\w-]{43})\b", re.sub(r"<[^>]+>", "", text))
    verifier = re.search(r"new code_verifier: ([\w-]{43})", text)
    assert challenges, text
    assert verifier, text
    return challenges[0], verifier[1]


def test_an_exchange_page_and_its_text_show_a_new_pair_and_its_json_the_placeholder(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        refused = await flow.authorize(app, code_challenge=None, code_challenge_method=None)
        address = f"/exchanges/{refused.headers['x-correlation-id']}"
        texts = [(await flow.http.get(address, headers=accept)).text for accept in (HTML, HTML, TEXT)]
        pairs = [pair_on(text) for text in texts]
        assert all(pkce.is_match(verifier, challenge) for challenge, verifier in pairs)
        assert len(set(pairs)) == 3
        stored = (await flow.http.get(address, headers=JSON)).text
        assert "code_challenge=CODE_CHALLENGE" in stored
        assert not any(value in stored for pair in pairs for value in pair)

    run(steps, tmp_path)


def test_the_doctor_shows_a_new_pair_for_the_pasted_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        parameters = flow.asking(app, code_challenge=None, code_challenge_method=None)
        url = str(flow.http.build_request("GET", "/general/oauth/authorize", params=parameters).url)
        csrf = field(await flow.http.get("/doctor", headers=HTML), "csrf")
        pages = [await flow.http.post("/doctor", data={"csrf": csrf, "input": url}, headers=HTML) for _ in range(2)]
        pairs = [pair_on(page.text) for page in pages]
        assert all(pkce.is_match(verifier, challenge) for challenge, verifier in pairs)
        assert pairs[0] != pairs[1]

    run(steps, tmp_path)
