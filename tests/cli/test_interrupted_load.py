"""Ctrl-C during `sickbay load` says how far it got, and what it says is what is stored."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from sickbay.cli.progress import Progress, show_progress
from sickbay.fhir.loading import LoadError
from sickbay.services.loading import Loading

RESOURCES = 40_000


def write_observations(path: Path, count: int) -> Path:
    lines = (
        json.dumps({"resourceType": "Basic", "id": f"{path.stem}{number}", "code": {"text": "a"}}) for number in range(count)
    )
    path.write_text("\n".join(lines))
    return path


def count_stored(database: Path) -> int:
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        return int(db.execute("SELECT count(*) FROM resource").get)


def test_an_interrupted_load_says_how_many_resources_it_stored_and_continues(tmp_path: Path) -> None:
    first = write_observations(tmp_path / "a.ndjson", 1)
    rest = write_observations(tmp_path / "b.ndjson", RESOURCES)
    command = [sys.executable, "-m", "sickbay", "load", str(first), str(rest), "--patients", "0"]
    environment = os.environ | {"SICKBAY_DATA": str(tmp_path / "data")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr
    assert process.stderr.readline() == f"{first}: 1 resource\n"
    while count_stored(tmp_path / "data" / "sickbay.db") == 0:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    printed, notes = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "")
    told = re.fullmatch(
        r"Interrupted in (\S+) \(file 2 of 2\)\. Stored so far: ([\d,]+) new, 0 changed, 0 unchanged, 0 failed\. "
        r"To continue, run the same command again\.\n",
        notes,
    )
    assert told is not None, notes
    stored = count_stored(tmp_path / "data" / "sickbay.db")
    assert (told[1], int(told[2].replace(",", ""))) == (str(rest), stored)
    assert 0 < stored < RESOURCES


def test_a_batch_is_counted_although_the_wait_for_it_was_cancelled() -> None:
    """Cancelling the wait must not cancel the write, whose transaction would be committed without being counted."""

    async def scenario() -> int:
        may_write = asyncio.Event()
        run = Loading(cast(Any, _Runtime()), cast(Any, None), "r4", "name")

        async def write(batch: Sequence[Any], steps: Any) -> None:
            await may_write.wait()
            run.new += 1

        run._writing = asyncio.create_task(write((), None))
        waiting = asyncio.create_task(run.finish())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert run.new == 0
        may_write.set()
        await run.finish()
        return run.new

    assert asyncio.run(scenario()) == 1


class _Runtime:
    class effects:
        @staticmethod
        def now() -> float:
            return 0.0


def test_the_number_of_a_line_is_no_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress([]) as shown:
        shown.fault(LoadError("a.ndjson:100", "it has no resourceType [b]:bug:"))
    assert capsys.readouterr().err == "a.ndjson:100: it has no resourceType [b]:bug:\n"


def test_the_place_of_a_load_names_the_file_and_its_number(tmp_path: Path) -> None:
    files = [write_observations(tmp_path / name, 1) for name in ("a.ndjson", "b.ndjson")]
    with show_progress(files) as shown:
        places = [shown.describe_position()]
        for file in files:
            shown.read(file, 1, True)
            places.append(shown.describe_position())
            shown.finish_file(file)
    assert isinstance(shown, Progress)
    assert places == ["before the first file", f"in {files[0]} (file 1 of 2)", f"in {files[1]} (file 2 of 2)"]
