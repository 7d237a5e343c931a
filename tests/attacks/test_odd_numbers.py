"""An unusually large number in a request doesn't break any list that the administrator reads later."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app

NUMBERS = ("1e300", "-1e300", "1e400", "9" * 19, "9" * 5000, "-" + "9" * 30)
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LISTS = ("/admin/exchanges?limit=1000", "/exchanges", "/admin/apps", "/developer")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("numbers"), patients=1) as server:
        yield server


def _encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _assertions(client_id: str, number: str) -> Iterator[str]:
    """Assertions with the number in each claim and header. The signature is wrong, because the client has no key."""
    claims = {"iss": client_id, "sub": client_id, "aud": "x", "exp": 1, "nbf": 1, "iat": 1, "jti": "1", "more": 1}
    header = {"alg": "RS384", "kid": "1", "typ": "JWT", "crit": ["1"], "more": 1}
    for part, other in ((claims, header), (header, claims)):
        for name in part:
            odd, plain = json.dumps(part | {name: "?"}).replace('"?"', number), json.dumps(other)
            yield ".".join(map(_encode, (plain, odd) if part is claims else (odd, plain))) + ".AAAA"


@pytest.mark.parametrize("number", ["1795787391", *NUMBERS])
def test_an_assertion_with_a_large_number_leaves_every_list_readable(desk: SharedApp, number: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(
            type="system",
            client="asymmetric",
            scope="system/*.rs",
            redirect_uris=[],
            jwks_uri="https://app.example/jwks",
            launch_uri=None,
        )
        for assertion in _assertions(app["client_id"], number):
            form = {
                "grant_type": "client_credentials",
                "scope": "system/Patient.rs",
                "client_assertion_type": JWT_BEARER,
                "client_assertion": assertion,
            }
            answer = await flow.http.post("/general/oauth/token", data=form)
            assert answer.status_code == 400, answer.text
        for path in LISTS:
            for accept in ("application/json", "text/html"):
                response = await flow.http.get(path, headers={"Accept": accept})
                assert response.status_code == 200, (path, accept)

    desk.do(steps)
