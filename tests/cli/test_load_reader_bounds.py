"""What a command reads into memory has a bound, packed or not; the rest is read all the same."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.cli.command import sickbay

from sickbay.cli import doctor, files
from sickbay.cli.files import TooLarge, read_texts
from sickbay.cli.load_reader import LoadJob, read_resources
from sickbay.fhir.loading import LoadError


@pytest.fixture(autouse=True)
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAXIMUM_BYTES", 1000)
    monkeypatch.setattr(files, "MAXIMUM_VALUES", 100)


def pack(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.xml", "a.xml.gz"])
def test_a_file_is_read_up_to_the_limit_of_uncompressed_bytes(tmp_path: Path, name: str) -> None:
    assert [text.body for text in read_texts(pack(tmp_path / name, b" " * 1000))] == [b" " * 1000]
    with pytest.raises(TooLarge, match="more than 1,000 bytes"):
        list(read_texts(pack(tmp_path / name, b" " * 1001)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.json", "a.ndjson.gz", "a.xml"])
def test_utf_16_is_named(tmp_path: Path, name: str, encoding: str) -> None:
    job = LoadJob(
        [pack(tmp_path / name, '{"resourceType": "Patient"}'.encode(encoding))], "r4", "http://sickbay.example/r4", False
    )
    assert [result.item.text for result in read_resources(job) if isinstance(result.item, LoadError)] == [
        "can't be read: it is encoded in UTF-16. Save it as UTF-8"
    ]


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl.gz"])
def test_each_line_has_the_same_limit(tmp_path: Path, name: str) -> None:
    fits = b"x" * 999 + b"\n"
    assert len(list(read_texts(pack(tmp_path / name, fits * 5)))) == 5
    texts_of_file = read_texts(pack(tmp_path / name, fits + b"x" * 1001 + b"\n"))
    assert next(texts_of_file).body == fits
    with pytest.raises(TooLarge, match="line 2 has"):
        next(texts_of_file)


def test_a_text_with_too_many_values_is_not_read(tmp_path: Path) -> None:
    assert list(read_texts(pack(tmp_path / "a.json.gz", b"[" + b"1," * 90 + b"1]")))
    with pytest.raises(TooLarge, match="more than 100 values"):
        list(read_texts(pack(tmp_path / "a.json.gz", b"[" + b"1," * 101 + b"1]")))


def test_load_names_the_file_and_loads_the_others(tmp_path: Path) -> None:
    resource = json.dumps({"resourceType": "Basic", "id": "a", "code": {"text": "x"}}).encode()
    pack(tmp_path / "a.json.gz", b" " * 64_000_001)
    pack(tmp_path / "b.json", resource)
    done = sickbay("load", str(tmp_path / "a.json.gz"), str(tmp_path / "b.json"), "--patients", "0", folder=tmp_path / "data")
    assert done.returncode == 1
    assert "1 new, 0 changed, 0 unchanged, 1 failed." in done.stdout
    assert "has more than 64,000,000 bytes" in done.stderr


def test_doctor_reads_a_file_up_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MAXIMUM_INPUT_BYTES", 100)
    with (
        (pack(tmp_path / "a.har", b" " * 101)).open("rb") as file,
        pytest.raises(Exception, match="more than 100 bytes"),
    ):
        doctor._read_at_most(file, "a.har")
    with (pack(tmp_path / "b.har", b" " * 100)).open("rb") as file:
        assert len(doctor._read_at_most(file, "b.har")) == 100


def test_doctor_reports_a_line_that_is_too_long_and_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "MAXIMUM_LINE_BYTES", 50)
    lines = [b'{"id": 1, "input": {}}', b'{"id": 2, "input": "' + b"x" * 120 + b'"}', b'{"id": 3, "input": {}}']
    path = pack(tmp_path / "a.jsonl", b"\n".join(lines) + b"\n")
    assert doctor.examine(str(path), jsonl=True) == 2
    assert [json.loads(line).get("id") for line in capsys.readouterr().out.splitlines()] == [1, None, 3]
