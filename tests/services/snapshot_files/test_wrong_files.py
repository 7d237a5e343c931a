"""A file that isn't a snapshot changes nothing, and its error says what is wrong and where."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flows.flow import FEW_PATIENTS, copy_filled
from tests.laws import examples, for_each
from tests.services.snapshot_files.zips import WRONG, members, pack

from sickbay.sandbox import snapshot_files, snapshots
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.sandbox.snapshots import SnapshotError
from sickbay.settings.settings import Settings
from sickbay.storage.interface import ResourceSpace

SPACE = ResourceSpace("general", "r4")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.dates().map(str),
    st.just("../../etc/passwd"),
    st.just([]),
    st.just({}),
    st.just("x" * 300),
)


class Workshop:
    """A sandbox with its event loop, and the file of a snapshot."""

    def __init__(self, folder: Path) -> None:
        copy_filled(folder, FEW_PATIENTS)
        self.runner = asyncio.Runner()
        self.sandbox: Sandbox = self.runner.run(open_sandbox(Settings(data=str(folder), patients=FEW_PATIENTS)))
        self.packed = self.runner.run(self._save())

    async def _save(self) -> bytes:
        await self.sandbox.filling.ensure(SPACE)
        await snapshots.save(self.sandbox, "saved")
        return await snapshot_files.export_file(self.sandbox, "saved")

    def bring(self, packed: bytes) -> str:
        """Import a file as `x`. Returns what is wrong with it; "" if it was imported. Then it works, and is removed again."""

        async def bring() -> str:
            store = self.sandbox.runtime.store
            try:
                await snapshot_files.import_file(self.sandbox, packed, "x")
            except SnapshotError as error:
                message = str(error)
            else:
                message = ""
            if message:
                assert [found.name for found in await snapshots.list_snapshots(self.sandbox)] == ["saved"]
                assert await store.read_snapshot_records("x") == []
                assert (await store.read_snapshot_space("x", SPACE)).versions == []
                return message
            await snapshot_files.export_file(self.sandbox, "x")
            await snapshots.restore(self.sandbox, "x")
            await self.sandbox.filling.ensure(SPACE)
            await snapshots.restore(self.sandbox, "saved")
            await snapshots.remove(self.sandbox, "x")
            return ""

        return self.runner.run(bring())

    def close(self) -> None:
        self.runner.run(self.sandbox.close())
        self.runner.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path_factory.mktemp("data"))
    yield workshop
    workshop.close()


def test_an_export_can_be_imported(workshop: Workshop) -> None:
    assert workshop.bring(workshop.packed) == ""
    assert workshop.bring(pack(members(workshop.packed))) == ""


@for_each("name", WRONG)
def test_each_wrong_file_is_refused_with_what_is_wrong_and_where(name: str, workshop: Workshop) -> None:
    damage, message = WRONG[name]
    found = workshop.bring(damage(workshop.packed))
    assert message in found
    assert len(found) <= 500


@settings(max_examples=examples(600), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_zip_changes_nothing(workshop: Workshop, data: st.DataObject) -> None:
    packed = bytearray(workshop.packed)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(packed) - 1))
        packed[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    workshop.bring(bytes(packed))


@settings(max_examples=examples(600), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_other_values_in_the_json_change_nothing(workshop: Workshop, data: st.DataObject) -> None:
    files = dict(members(workshop.packed))
    name = data.draw(st.sampled_from(sorted(files)))
    lines = [files[name]] if name == "manifest.json" else files[name].splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    action = data.draw(st.sampled_from(("change", "change", "change", "remove", "repeat", "swap")))
    if action == "change":
        document = orjson.loads(lines[number])
        replace_one(document, data)
        lines[number] = dump(document)
    elif action == "remove":
        del lines[number]
    elif action == "repeat":
        lines.append(lines[number])
    else:
        lines.insert(0, lines.pop(number))
    workshop.bring(pack((files | {name: b"\n".join(lines)}).items()))


def dump(document: Any) -> bytes:
    return json.dumps(document).encode()


def replace_one(document: Any, data: st.DataObject) -> None:
    """Replace one value, at any depth."""
    keys = sorted(document) if isinstance(document, dict) else list(range(len(document)))
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    if isinstance(document[key], (dict, list)) and document[key] and data.draw(st.booleans()):
        replace_one(document[key], data)
    elif isinstance(document, dict) and data.draw(st.integers(0, 5)) == 0:
        del document[key]
    else:
        document[key] = data.draw(VALUES)
