"""The app: a backend service that lists abnormal laboratory results. It signs in with a key (SMART backend services)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import Key

SCOPE = "system/Observation.rs system/Patient.rs"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class LabReport:
    """fhir: the FHIR base URL. key: the private key; its public half is registered with the EHR."""

    fhir: str
    client_id: str
    key: Key
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))
    access_token: str | None = None

    def abnormal(self, patient: str) -> list[str]:
        """The abnormal laboratory results of a patient, such as "Hemoglobin A1c: 8.1 % (H)"."""
        results = self.search("Observation", {"patient": patient, "category": "laboratory", "_count": "50"})
        return [_line(result) for result in results if flag(result) not in ("", "N")]

    def search(self, type: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Every match on every page."""
        page = self._get(f"{self.fhir}/{type}", query)
        while True:
            yield from (entry["resource"] for entry in page.get("entry", ()))
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            if not following:
                return
            page = self._get(following[0])

    def _get(self, url: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        """A response in JSON. A token that has expired is replaced once."""
        response = self._send(url, query)
        if response.status_code == 401:
            self.access_token = None
            response = self._send(url, query)
        return dict(response.raise_for_status().json())

    def _send(self, url: str, query: dict[str, str] | None) -> httpx.Response:
        self.access_token = self.access_token or self._new_token()
        headers = {"Authorization": f"Bearer {self.access_token}", "Accept": "application/fhir+json"}
        return self.http.get(url, params=query, headers=headers)

    def _new_token(self) -> str:
        configuration = self.http.get(f"{self.fhir}/.well-known/smart-configuration").raise_for_status().json()
        endpoint = configuration["token_endpoint"]
        form = {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(endpoint),
        }
        return str(self.http.post(endpoint, data=form).raise_for_status().json()["access_token"])

    def _assertion(self, endpoint: str) -> str:
        header = {"alg": "ES384", "typ": "JWT", "kid": self.key.kid}
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": endpoint,
            "exp": int(time.time()) + 240,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(header, claims, self.key, algorithms=["ES384"])


def flag(result: dict[str, Any]) -> str:
    """The interpretation, such as H, L or N."""
    return next((coding["code"] for concept in result.get("interpretation", ()) for coding in concept["coding"]), "")


def _line(result: dict[str, Any]) -> str:
    quantity = result.get("valueQuantity", {})
    return f"{result['code']['text']}: {quantity.get('value')} {quantity.get('unit', '')} ({flag(result)})"
