"""Helpers for tests of third-party clients: register an app, launch it, and read its recorded exchanges."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx2

TENANT = "general"


@dataclass
class AdminClient:
    """Administers a running Sickbay. `line`: the JSON that `serve --json` printed. Each test registers its own app."""

    line: dict[str, Any]

    @property
    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.line["base"], trust_env=False, timeout=60)

    @property
    def clinician(self) -> dict[str, Any]:
        users = [user for user in self.line["users"] if user["tenant"] == TENANT]
        return next(user for user in users if "Practitioner/" in user["fhirUser"])

    def fhir(self, version: str, host: str = "localhost") -> str:
        return str(self.line["tenants"][TENANT]["fhir"][version]).replace("localhost", host)

    def register(self, **fields: Any) -> dict[str, Any]:
        """Registers an app; returns it with its client_id and, if it is confidential, its secret."""
        body = {
            "tenant": TENANT,
            "name": f"Client {uuid.uuid4().hex[:8]}",
            "type": "provider",
            "client": "public",
        } | fields
        return self._post("/admin/apps", body)

    def launch(self, app: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Creates a launch; returns launch, iss, url and timeline."""
        body = {"tenant": TENANT, "app": app["app_id"], "user": self.clinician["username"]} | fields
        return self._post("/admin/launches", body)

    def auto_approved(self, **fields: Any) -> dict[str, Any]:
        """Returns the fields of an app whose sign-in, pickers and consent are completed automatically."""
        return {"auto_approve": {"user": self.clinician["username"]} | fields}

    def patient(self) -> str:
        """Returns the id of a patient with observations."""
        return self.patients(1)[0]

    def patients(self, count: int) -> list[str]:
        bundle = self.get("r4", f"Patient?name=Peters&_count={count}")
        return [entry["resource"]["id"] for entry in bundle["entry"]]

    def patient_with_a_visit(self) -> tuple[str, str]:
        """Returns the ids of a patient and of one of the patient's encounters."""
        encounter = self.get("r4", "Encounter?_count=1")["entry"][0]["resource"]
        return encounter["subject"]["reference"].rpartition("/")[2], encounter["id"]

    def get(self, version: str, path: str) -> dict[str, Any]:
        """Reads as a clinician who may see all patients."""
        with self.http as http:
            headers = {"Authorization": f"Bearer {self.token('user/*.rs')}"}
            return dict(http.get(f"{self.fhir(version)}/{path}", headers=headers).raise_for_status().json())

    def token(self, scope: str) -> str:
        """Returns an access token for a script: from its own app, for the clinician unless it is a system scope."""
        system = {"type": "system", "client": "symmetric"} if scope.startswith("system") else {}
        app = self.register(scope=scope, redirect_uris=[] if system else ["http://localhost:1/"], **system)
        fields = {"tenant": TENANT, "app": app["app_id"], "scope": scope}
        fields |= {} if system else {"user": self.clinician["username"]}
        return str(self._post("/admin/tokens", fields)["access_token"])

    def exchanges(self, app: dict[str, Any]) -> list[dict[str, Any]]:
        with self.http as http:
            answer = http.get("/admin/exchanges", params={"app": app["client_id"]}).raise_for_status().json()
        return list(answer["exchanges"] if isinstance(answer, dict) else answer)

    def findings_above_info(self, app: dict[str, Any]) -> list[tuple[str, str]]:
        """Returns stage and id of each finding above info. Fails unless authorize, token and access were recorded."""
        exchanges = self.exchanges(app)
        stages = [exchange["stage"] for exchange in exchanges]
        assert {"authorize", "token", "access"} <= set(stages), stages
        findings = [(exchange["stage"], finding) for exchange in exchanges for finding in exchange["findings"]]
        return [(stage, finding["id"]) for stage, finding in findings if finding["severity"] != "info"]

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.http as http:
            answer = http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())
