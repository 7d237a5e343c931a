"""A small app that a newcomer writes, with the mistakes that the newcomer makes: one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.clients.origins import serves
from tests.flows.flow import CHALLENGE, STATE, VERIFIER

LAUNCH = """<!doctype html><html lang="en"><title>launch</title><h1>Launching</h1><script type="module">
const { client_id, mistake } = await (await fetch("/config")).json();
const query = new URLSearchParams(location.search), iss = query.get("iss");
const found = await (await fetch(`${iss}/.well-known/smart-configuration`)).json();
const here = new URL("callback", location.href).href;
const sent = { response_type: "code", client_id, redirect_uri: here, launch: query.get("launch"),
  state: `${STATE}${Date.now()}`, scope: "launch openid fhirUser patient/Patient.rs", aud: iss,
  code_challenge: CHALLENGE, code_challenge_method: "S256" };
const mistakes = {
  "client_id": () => { sent.client_id = "my-app"; },
  "redirect_uri": () => { sent.redirect_uri += "/"; },
  "aud": () => { delete sent.aud; },
  "commas": () => { sent.scope = sent.scope.replaceAll(" ", ","); },
  "unregistered": () => { sent.scope += " user/Condition.rs"; },
  "challenge": () => { delete sent.code_challenge; delete sent.code_challenge_method; },
};
mistakes[mistake]?.();
sessionStorage.token = found.token_endpoint;
sessionStorage.iss = iss;
location.replace(`${found.authorization_endpoint}?${new URLSearchParams(sent)}`);
</script></html>"""
CALLBACK = """<!doctype html><html lang="en"><title>app</title><h1>Working…</h1><p></p><script type="module">
const { client_id, mistake } = await (await fetch("/config")).json();
const write = (name, text) => { document.querySelector(name).textContent = text; };
const show = (title, text = "") => { write("h1", title); write("p", text); };
const query = new URLSearchParams(location.search);
const redeem = async (verifier) => {
  const body = new URLSearchParams({ grant_type: "authorization_code", code: query.get("code"), client_id,
    redirect_uri: new URL("callback", location.href).href, code_verifier: verifier });
  return (await fetch(sessionStorage.token, { method: "POST", body })).json();
};
const run = async () => {
  if (query.has("error")) return show("Refused", query.get("error_description"));
  const token = await redeem(mistake === "verifier" ? [...VERIFIER].reverse().join("") : VERIFIER);
  if (mistake === "twice") await redeem(VERIFIER);
  if (!token.access_token) return show("No token", token.error_description);
  const read = mistake === "scope" ? `Observation?patient=${token.patient}` : `Patient/${token.patient}`;
  const bearer = mistake === "bearer" ? token.id_token : token.access_token;
  const headers = { Accept: "application/fhir+json", Authorization: `Bearer ${bearer}` };
  const answer = await fetch(`${sessionStorage.iss}/${read}`, { headers });
  const resource = await answer.json();
  if (!answer.ok) return show("No data", resource.issue?.[0]?.diagnostics);
  show(`Hello ${resource.name[0].family}`);
};
await run();
</script></html>"""


@dataclass
class NewcomersApp:
    """client_id: as the newcomer copied it. mistake: what the app does wrong now; "" for nothing. asked: the paths so far."""

    port: int = 0
    client_id: str = ""
    mistake: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def launch_uri(self) -> str:
        return f"http://localhost:{self.port}/launch"

    @property
    def redirect_uri(self) -> str:
        return f"http://localhost:{self.port}/callback"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        self.asked.append(path)
        name = path.partition("?")[0]
        if name == "/config":
            return "application/json", json.dumps({"client_id": self.client_id, "mistake": self.mistake}).encode()
        page = {"/launch": LAUNCH, "/callback": CALLBACK, "/callback/": CALLBACK}.get(name)
        if page is None:
            return None
        values = {"STATE": STATE, "CHALLENGE": CHALLENGE, "VERIFIER": VERIFIER}
        constants = "".join(f"const {constant} = {json.dumps(value)};\n" for constant, value in values.items())
        return "text/html", page.replace('<script type="module">', f'<script type="module">{constants}', 1).encode()


@contextmanager
def serving_app() -> Iterator[NewcomersApp]:
    app = NewcomersApp()
    with serves(app.answer) as port:
        app.port = port
        yield app
