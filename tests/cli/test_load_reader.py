"""What `sickbay load` reads is the same in its own process and in a second process that reads ahead."""

from __future__ import annotations

import errno
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
from tests.laws import for_each

from sickbay.cli import load_reader as module
from sickbay.cli.files import resource_files
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


PACKED = gzip.compress(patients(9))
PATIENT = b'{"resourceType": "Patient", "id": "M\xfcller"}'
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("a.json", b"", "is empty"),
    ("a.json.gz", b"\n", "is empty"),
    ("a.xml", b"", "is empty"),
    ("a.json", b"PK\3\4\x14", "can't be read: it is a ZIP archive. Unpack it, and load the files in it"),
    ("a.ndjson.gz", b"PK\3\4\x14", "can't be read: it is a ZIP archive. Unpack it, and load the files in it"),
    ("a.json.gz", PACKED[:-9], "can't be read: its gzip data is cut off"),
    ("a.ndjson", PACKED[:-9], "can't be read to its end: its gzip data is cut off"),
    ("a.json.gz", PACKED[:-8] + b"12345678", "can't be read: its gzip data is damaged"),
    ("a.json.gz", PACKED[:10] + b"\xff" * 20, "can't be read: its gzip data is damaged"),
    ("a.json", b"\x89PNG\r\n\x1a\n\0\0\0", "isn't valid JSON: byte 0x89 at position 0 isn't UTF-8"),
    ("a.json", b"\0\1\2\3", "isn't valid JSON: a JSON value is expected (line 1, column 1)"),
    ("a.json", b"{\0}\0", "can't be read: it is encoded in UTF-16. Save it as UTF-8"),
    ("a.json", PATIENT, "isn't valid JSON: byte 0xFC at position 36 isn't UTF-8"),
    ("a.json", PATIENT[:-1].replace(b"\xfc", b"u"), "isn't valid JSON: it ends too early (line 1, column 43)"),
    ("a.ndjson", b"{'a': 1}\n", "isn't valid JSON: a member's name in double quotes is missing (line 1, column 2)"),
    ("a.json", b"<html></html>", "isn't valid JSON: it looks like XML or HTML"),
    (
        "a.xml",
        b"<Patient xmlns='http://hl7.org/fhir'>\xfc</Patient>",
        "isn't valid XML of this version of FHIR: byte 0xFC at position 37 isn't UTF-8 at line 1",
    ),
]


@for_each("name, content, says", UNREADABLE)
def test_a_file_that_cannot_be_loaded_says_why(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    errors = [result.item for result in read_resources(LoadJob([path], "r4", BASE, False)) if result.item is not None]
    assert [error.text for error in errors if isinstance(error, LoadError)] == [says]


def test_a_file_is_decompressed_if_its_content_is_compressed_whatever_its_name_says(tmp_path: Path) -> None:
    """Browsers decompress some downloads and keep their names."""
    files = [tmp_path / "plain.ndjson.gz", tmp_path / "packed.ndjson"]
    for path, content in zip(files, (patients(9), PACKED), strict=True):
        path.write_bytes(content)
    results = list(read_resources(LoadJob(files, "r4", BASE, False)))
    assert sum(isinstance(result.item, Ready) for result in results) == 18


def test_a_file_or_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who may read everything."""
    path = tmp_path / "a.json"
    path.touch()

    def refuse(place: object, *more: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))

    with monkeypatch.context() as changed:
        changed.setattr(Path, "open", refuse)
        errors = [result.item for result in read_resources(LoadJob([path], "r4", BASE, False)) if result.item]
    assert errors == [LoadError(str(path), "can't be read: Permission denied")]
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CommandError, match=f"^{tmp_path} can't be read: Permission denied.$"):
        resource_files((tmp_path,))


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
