"""Every response forbids browsers to guess its type: a text or JSON that quotes a request is never taken for a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, run

MARKUP = "<svg/onload=x1>"
REQUESTS = (
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/static/css/base.css"),
    ("GET", "/static/none"),
    ("GET", f"/nowhere/{MARKUP}"),
    ("GET", f"/general/oauth/authorize?client_id={MARKUP}"),
    ("POST", "/general/oauth/token"),
    ("POST", "/general/oauth/introspect"),
    ("POST", "/general/oauth/revoke"),
    ("POST", "/general/oauth/register"),
    ("GET", "/general/oauth/userinfo"),
    ("OPTIONS", "/general/oauth/token"),
    ("GET", "/general/.well-known/smart-configuration"),
    ("GET", "/general/r4/metadata"),
    ("GET", "/general/r4/Patient"),
    ("GET", f"/general/r4/{MARKUP}"),
    ("DELETE", "/general/r4"),
    ("GET", "/admin/users"),
    ("POST", "/admin/users"),
    ("GET", f"/admin/exchanges?app={MARKUP}"),
    ("GET", f"/exchanges/{MARKUP}"),
    ("PUT", "/doctor"),
)


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_no_browser_guesses_the_type_of_a_response(accept: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for method, path in REQUESTS:
            answer = await flow.http.request(
                method, path, headers={"Accept": accept}, content=MARKUP if method == "POST" else ""
            )
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], (method, path)
            recorded = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}?as=text")
            assert recorded.headers.get_list("x-content-type-options") == ["nosniff"]
        foreign = await flow.http.get("/", headers={"Host": "evil.example"})
        assert (foreign.status_code, foreign.headers["x-content-type-options"]) == (421, "nosniff")

    run(steps, tmp_path, patients=0)
