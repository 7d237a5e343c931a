"""What the tests of foreign clients ask of a running Sickbay: register an app, launch it, read what was noticed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx2

TENANT = "general"


@dataclass
class Desk:
    """`line`: what `serve --json` printed. An app is registered for each test and its exchanges are its own."""

    line: dict[str, Any]

    @property
    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.line["base"], trust_env=False, timeout=20)

    @property
    def clinician(self) -> dict[str, Any]:
        users = [one for one in self.line["users"] if one["tenant"] == TENANT]
        return next(one for one in users if "Practitioner/" in one["fhirUser"])

    def fhir(self, version: str, host: str = "localhost") -> str:
        return str(self.line["tenants"][TENANT]["fhir"][version]).replace("localhost", host)

    def register(self, **fields: Any) -> dict[str, Any]:
        """The app, with its client_id and perhaps its secret."""
        body = {
            "tenant": TENANT,
            "name": f"Client {uuid.uuid4().hex[:8]}",
            "type": "provider",
            "client": "public",
        } | fields
        return self._post("/admin/apps", body)

    def launch(self, app: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """launch, iss, url and timeline."""
        body = {"tenant": TENANT, "app": app["app_id"], "user": self.clinician["username"]} | fields
        return self._post("/admin/launches", body)

    def approved(self, **fields: Any) -> dict[str, Any]:
        """An app whose sign-in, pickers and consent pass without a person."""
        return {"auto_approve": {"user": self.clinician["username"]} | fields}

    def patient(self) -> str:
        """The id of somebody with observations."""
        return self.patients(1)[0]

    def patients(self, count: int) -> list[str]:
        found = self.get("r4", f"Patient?name=Peters&_count={count}")
        return [entry["resource"]["id"] for entry in found["entry"]]

    def patient_with_a_visit(self) -> tuple[str, str]:
        """Ids of a patient and of an encounter of this patient."""
        one = self.get("r4", "Encounter?_count=1")["entry"][0]["resource"]
        return one["subject"]["reference"].rpartition("/")[2], one["id"]

    def get(self, version: str, path: str) -> dict[str, Any]:
        """As a clinician who may see everybody."""
        with self.http as http:
            headers = {"Authorization": f"Bearer {self.token('user/*.rs')}"}
            return dict(http.get(f"{self.fhir(version)}/{path}", headers=headers).raise_for_status().json())

    def token(self, scope: str) -> str:
        """For a script: an app of its own, and the clinician where the scope is a person's."""
        system = {"type": "system", "client": "symmetric"} if scope.startswith("system") else {}
        app = self.register(scope=scope, redirect_uris=[] if system else ["http://localhost:1/"], **system)
        asked = {"tenant": TENANT, "app": app["app_id"], "scope": scope}
        asked |= {} if system else {"user": self.clinician["username"]}
        return str(self._post("/admin/tokens", asked)["access_token"])

    def exchanges(self, app: dict[str, Any]) -> list[dict[str, Any]]:
        with self.http as http:
            told = http.get("/admin/exchanges", params={"app": app["client_id"]}).raise_for_status().json()
        return list(told["exchanges"] if isinstance(told, dict) else told)

    def loud(self, app: dict[str, Any]) -> list[tuple[str, str]]:
        """Stage and id of each finding above info. Fails where no exchange was noted at all."""
        exchanges = self.exchanges(app)
        stages = [one["stage"] for one in exchanges]
        assert {"authorize", "token", "access"} <= set(stages), stages
        findings = [(one["stage"], finding) for one in exchanges for finding in one["findings"]]
        return [(stage, finding["id"]) for stage, finding in findings if finding["severity"] != "info"]

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.http as http:
            answer = http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())
