"""The main path: register, launch, authorize, get a token, and read the patient."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.flows.flow import BASE, Flow, receive, run


def test_an_app_is_launched_and_reads_its_patient(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    async def steps(flow: Flow) -> None:
        config = (await flow.http.get("/general/r4/.well-known/smart-configuration")).json()
        assert config["authorization_endpoint"] == f"{BASE}/general/oauth/authorize"
        app = await flow.register()
        launch = await flow.launch(app)
        assert launch["iss"] == f"{BASE}/general/r4"
        answer = receive(await flow.authorize(app, launch=launch["launch"]))
        assert answer["state"]
        assert answer["iss"] == f"{BASE}/general"
        token = await flow.redeem(app, answer["code"])
        assert token.status_code == 200, token.text
        tokens = token.json()
        assert tokens["patient"] == "p-0001"
        assert tokens["id_token"].count(".") == 2
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        patient = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        assert patient.status_code == 200, patient.text
        assert patient.json()["id"] == "p-0001"
        assert patient.headers["etag"] == 'W/"1"'
        hidden = await flow.http.get("/general/r4/Patient/p-0002", headers=headers)
        absent = await flow.http.get("/general/r4/Patient/nobody", headers=headers)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace("p-0002", "nobody") == absent.text
        response = await flow.http.get("/general/r4/Observation?patient=p-0001&_count=5", headers=headers)
        assert response.status_code == 200, response.text
        assert len(response.json()["entry"]) == 5

    run(steps, tmp_path, data=engine() or str(tmp_path))
