"""A server with three patients and shared records, and tokens that can write, read or do both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from msgspec import structs
from tests.attacks.fixture import BASE, SPACE, TOKENS, Json, patient, ref, resource, save
from tests.flows.flow import Flow
from tests.flows.shared_app import open_shared_app

from sickbay.authorization.models import Client, User
from sickbay.fhir.visibility import EVERYTHING
from sickbay.services import records
from sickbay.storage.answers import Stored
from sickbay.storage.interface import Put

JSON_PATCH, MERGE_PATCH, FHIR = "application/json-patch+json", "application/merge-patch+json", "application/fhir+json"
SCOPES: dict[str, tuple[str, str | None, str | None]] = {
    "A": ("patient/*.cruds", "A", None),
    "B": ("patient/*.cruds", "B", None),
    "panel": ("user/*.cruds", None, "papa"),
    "blind": ("patient/*.cud", "A", None),
    "searching": ("patient/*.cuds", "A", None),
    "all": ("system/*.cruds", None, None),
}
CODE = {"text": "x"}


class Server:
    def __init__(self, ask: Callable[..., httpx2.Response], load: Callable[..., None], read: Callable[..., Any]) -> None:
        self.ask, self.load, self._read = ask, load, read

    def find_stored(self, type: str, id: str) -> Json | None:
        record: Stored | None = self._read(type, id)
        return None if record is None or record.deleted else dict(json.loads(record.body))


@contextmanager
def serving(folder: Path, address: str | None) -> Iterator[Server]:
    with open_shared_app(folder, address, patients=0) as desk:

        def ask(token: str, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
            sent = {"Authorization": f"Bearer {token}", "Content-Type": FHIR}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            content = None if body is None else json.dumps(body)

            async def steps(flow: Flow) -> httpx2.Response:
                return await flow.http.request(method, "/general/r4" + path, headers=sent, content=content)

            return desk.do(steps)

        def load(*resources: Json) -> None:
            async def steps(flow: Flow) -> None:
                await flow.sandbox.runtime.store.transaction([save(record) for record in resources])

            desk.do(steps)

        def read(type: str, id: str) -> Stored | None:
            return desk.do(lambda flow: flow.sandbox.runtime.store.read(SPACE, type, id, EVERYTHING))

        async def begin(flow: Flow) -> None:
            await flow.http.get(
                "/general/r4/Patient/x"
            )  # loads the empty population first, so that it doesn't replace this data
            user = User("papa", "general", "Practitioner/p", patients=("A", "C"), seeded=False)
            any_token = next(iter(TOKENS.values()))
            tokens_by_name = {
                name: structs.replace(any_token, scope=scope, patient=patient_id, user=user, base=BASE)
                for name, (scope, patient_id, user) in SCOPES.items()
            }
            tokens = [
                Put(records.make_token_record(records.digest(name), token, "general")) for name, token in tokens_by_name.items()
            ]
            app = Client("attacker", app_id="attacker", name="Attacker", scope="patient/*.cruds")
            await flow.sandbox.runtime.store.transaction(
                [Put(records.make_app_record(app)), Put(records.make_user_record(user)), *tokens]
            )

        desk.do(begin)
        load(*(patient(id, id) for id in "ABC"))
        yield Server(ask, load, read)


def entry(method: str, url: str, body: Json | None = None, **more: Any) -> Json:
    return {"request": {"method": method, "url": url, **more}, **({"resource": body} if body else {})}


def bundle(kind: str, *entries: Json) -> Json:
    return resource("Bundle", "b", type=kind, entry=[*entries])


def share(type: str, id: str) -> Json:
    """A record about B in which A is a participant."""
    return resource(type, id, **SHARED[type])


def own(type: str, id: str) -> Json:
    """The same record, about A only."""
    return dict(json.loads(json.dumps(share(type, id)).replace("Patient/B", "Patient/A")))


SHARED: dict[str, Json] = {
    "Observation": {"status": "final", "code": CODE, "subject": ref("Patient/B"), "performer": [ref("Patient/A")]},
    "Communication": {"status": "completed", "subject": ref("Patient/B"), "recipient": [ref("Patient/A")]},
    "DocumentReference": {
        "status": "current",
        "subject": ref("Patient/B"),
        "author": [ref("Patient/A")],
        "content": [{"attachment": {"url": "http://h/x"}}],
    },
    "Procedure": {"status": "completed", "subject": ref("Patient/B"), "performer": [{"actor": ref("Patient/A")}]},
    "Coverage": {"status": "active", "beneficiary": ref("Patient/B"), "payor": [ref("Patient/A")]},
    "CarePlan": {
        "status": "active",
        "intent": "plan",
        "subject": ref("Patient/B"),
        "activity": [{"detail": {"status": "in-progress", "performer": [ref("Patient/A")]}}],
    },
    "Appointment": {
        "status": "booked",
        "start": "2026-01-01T10:00:00Z",
        "end": "2026-01-01T10:20:00Z",
        "participant": [{"actor": ref(actor), "status": "accepted"} for actor in ("Patient/A", "Patient/B")],
    },
    "List": {"status": "current", "mode": "working", "subject": ref("Patient/B"), "source": ref("Patient/A")},
}
