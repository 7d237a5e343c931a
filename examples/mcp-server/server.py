"""An MCP server that shows a patient's vital signs. It checks the agent's token by introspection and has its own token."""

import base64
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

EHR = os.environ.get("EHR", "http://localhost:7425/general")  # the issuer; its FHIR base is below it
URL = os.environ.get("URL", "http://localhost:9000/mcp")  # exactly as it is registered at the EHR
CREDENTIALS = f"vitals-server:{os.environ['VITALS_SECRET']}"
SCOPE = "launch/patient patient/Observation.rs"
METADATA = URL.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
CHALLENGE = f'Bearer scope="{SCOPE}", resource_metadata="{METADATA}"'
TOOL = {"name": "vital_signs", "description": "The patient's latest vital signs.", "inputSchema": {"type": "object"}}


def ask(url: str, form: dict[str, str] | None = None, token: str = "") -> Any:
    basic = "Basic " + base64.b64encode(CREDENTIALS.encode()).decode()
    request = Request(url, urlencode(form).encode() if form else None, {"Authorization": f"Bearer {token}" if token else basic})
    with urlopen(request, timeout=10) as response:
        return json.load(response)


def vital_signs(patient: str) -> str:
    """Never pass the agent's token on: get one for the FHIR server."""
    own = ask(f"{EHR}/oauth/token", {"grant_type": "client_credentials", "scope": "system/Observation.rs"})
    search = urlencode({"patient": patient, "category": "vital-signs", "_sort": "-date", "_count": 5})
    bundle = ask(f"{EHR}/r4/Observation?{search}", token=own["access_token"])
    found = [entry["resource"] for entry in bundle.get("entry", [])]
    return "\n".join(f"{o['effectiveDateTime'][:10]} {o['code']['text']}" for o in found) or "None."


def answer(method: str, agent: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        info = {"name": "vitals", "version": "1"}
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [TOOL]}
    return {"content": [{"type": "text", "text": vital_signs(agent["patient"])}]}


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        document = {"resource": URL, "authorization_servers": [EHR], "scopes_supported": SCOPE.split()}
        self.reply(*((200, document) if self.path.startswith("/.well-known/") else (405,)))

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        agent = ask(f"{EHR}/oauth/introspect", {"token": token}) if token else {}
        if not agent.get("active") or agent["aud"] != URL or "patient" not in agent:
            self.reply(401, None, CHALLENGE)
        elif "id" not in message:
            self.reply(202)
        else:
            self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "result": answer(message["method"], agent)})

    def reply(self, status: int, document: Any = None, challenge: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode() if document else b"")


ThreadingHTTPServer(("127.0.0.1", int(URL.split(":")[2].split("/")[0])), Server).serve_forever()
