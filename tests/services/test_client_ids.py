"""Every client_id that a door accepts survives the export and the import of a snapshot (RFC 6749, A.1)."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.flows.flow import Flow, run

from sickbay.authorization import client_ids
from sickbay.authorization.models import Client
from sickbay.services import records, registration
from sickbay.services.snapshot_files import people

APP = {
    "name": "Growth",
    "type": "provider",
    "client": "public",
    "scope": "launch patient/*.rs",
    "redirect_uris": ["https://app.example.org/cb"],
}
LONG_URL = f"https://app.example.org/{'a' * 1_900}"
WRONG = ("a\nb", "a\tb", "\x7f", "\u00fcber", "a\u200bb", "x" * 201, "x" * 300, f"{LONG_URL}{'a' * 200}")
RIGHT = ("x", " ", "a b", "~!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}", "x" * 200, LONG_URL)


def test_a_client_id_has_visible_ascii_and_a_limited_length() -> None:
    assert all(map(client_ids.find_problem, ("", *WRONG)))
    assert not any(map(client_ids.find_problem, RIGHT))


def test_whatever_the_admin_api_accepts_can_be_exported_and_imported(tmp_path: Path) -> None:
    draw = random.Random(1)
    alphabets = ("ab-_.", " ~!%&=+/:@", "\n\r\t\x00\x7f", "\u00e4\u20ac\U0001f600\u202e")
    drawn = {"".join(draw.choices("".join(draw.sample(alphabets, 2)), k=draw.choice((1, 5, 199, 201)))) for _ in range(60)}

    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        accepted = []
        for id in (*WRONG, *RIGHT, *sorted(drawn - {*RIGHT})):
            status = (await flow.http.post("/admin/apps", json=APP | {"client_id": id})).status_code
            assert status in (201, 409, 422)
            accepted += [id] if status == 201 else []
        assert set(RIGHT) <= set(accepted)
        assert not set(WRONG) & set(accepted)
        stored = [record for id in accepted if (record := await runtime.store.get("app", id))]
        imported, _ = people.read_apps(runtime, people.dump_apps(stored), {})
        assert [str(json.loads(record.value)["client_id"]) for record in imported] == accepted

    run(steps, tmp_path)


def test_generated_client_ids_are_valid(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        body = json.dumps({"client_name": "Growth", "redirect_uris": APP["redirect_uris"]})
        answer = await flow.http.post("/general/oauth/register", content=body, headers={"Content-Type": "application/json"})
        runtime = flow.sandbox.runtime
        ids = (answer.json()["client_id"], registration.client_id_of(runtime, "form"))
        assert not any(map(client_ids.find_problem, ids))
        assert await records.load(runtime, "app", ids[0], Client)

    run(steps, tmp_path)
