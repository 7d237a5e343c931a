"""What `sickbay load` reads is the same in its own process and in a second process that reads ahead."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from sickbay.cli import load_reader as module
from sickbay.cli.load_reader import FileResult, LoadJob, read_in_processes, read_resources
from sickbay.cli.output import CommandError
from sickbay.fhir.loading import LoadError, Ready

BASE = "http://localhost/general/r4"


def patients(count: int) -> bytes:
    patients = ({"resourceType": "Patient", "id": f"p{at}", "name": [{"family": "Müller"}]} for at in range(count))
    return b"\n".join(map(orjson.dumps, patients))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadJob:
    """A job whose every file counts as large."""
    monkeypatch.setattr(module, "MUCH", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    entries = [
        {"resource": {"resourceType": "Patient", "id": "b"}},
        {"resource": {"resourceType": "Pateint", "id": "c"}},
    ]
    (tmp_path / "a.json").write_bytes(orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}))
    (tmp_path / "b.ndjson").write_bytes(patients(1000) + b"\nnonsense\n")
    (tmp_path / "c.ndjson.gz").write_bytes(gzip.compress(patients(9))[:-9])
    (tmp_path / "d.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><id value="x"/><gender value="odd"/></Patient>')
    return LoadJob(sorted(tmp_path.iterdir()), "r4", BASE, validate=True)


def others() -> list[multiprocessing.process.BaseProcess]:
    return multiprocessing.active_children()


def test_the_separate_process_gives_the_same_results(job: LoadJob) -> None:
    with read_in_processes(job) as reads:
        first = next(reads)
        assert len(others()) == 1
        results = [first, *reads]
    assert results == list(read_resources(job))
    assert [result.file.name for result in results if result.item is None] == ["a.json", "b.ndjson", "c.ndjson.gz", "d.xml"]
    assert sum(isinstance(result.item, Ready) for result in results) == 1009
    faults = [result.item.place.rpartition("/")[2] for result in results if isinstance(result.item, LoadError)]
    assert faults == ["a.json: Bundle.entry[1]", "b.ndjson:1001", "c.ndjson.gz", "d.xml"]
    assert others() == []


def test_small_files_are_read_in_this_process(job: LoadJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MUCH", 10**9)
    with read_in_processes(job) as reads:
        assert next(reads).file.name == "a.json"
        assert others() == []


def test_the_process_ends_when_the_reader_stops(job: LoadJob) -> None:
    with read_in_processes(job) as reads:
        assert isinstance(next(reads), FileResult)
    assert others() == []


def test_the_load_reports_that_the_process_was_killed(job: LoadJob) -> None:
    with read_in_processes(job) as reads:
        os.kill(others()[0].pid or 0, signal.SIGKILL)
        with pytest.raises(CommandError, match="To continue, run the same command again"):
            list(reads)


KILLED_READER = """
import os, sys, time
from pathlib import Path
from sickbay.cli import load_reader as module

if __name__ == "__main__":
    module.MUCH = 0
    os.cpu_count = lambda: 2
    with module.read_in_processes(module.LoadJob([Path(sys.argv[1])], "r4", "http://h", False)) as reads:
        next(reads)
        import multiprocessing
        print(multiprocessing.active_children()[0].pid, flush=True)
        time.sleep(60)
"""


def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script, file = tmp_path / "dies.py", tmp_path / "a.ndjson"
    script.write_text(KILLED_READER)
    file.write_bytes(patients(20_000))
    asking = subprocess.Popen([sys.executable, str(script), str(file)], stdout=subprocess.PIPE, text=True)
    assert asking.stdout
    with asking:
        pid = int(asking.stdout.readline())
        asking.kill()
    for _ in range(1200):
        if not lives(pid):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still reads")


def lives(pid: int) -> bool:
    """Whether the process runs. A zombie doesn't count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
