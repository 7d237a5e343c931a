"""Which population files are copied: none that is damaged, that others can write, or that other code has written."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from tests.sandbox.copied_hospitals import SPACE, count_copies, files, fill, open_hospital

from sickbay.kernel.cache_folder import CacheFolder
from sickbay.sandbox import population_cache
from sickbay.sandbox.filled_space import EMPTY
from sickbay.sandbox.folder import Written
from sickbay.storage import population_file
from sickbay.storage.interface import ResourceSpace

ROOT = Path(__file__).parents[2]


def spoil_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def spoil_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def allow_others(file: Path) -> None:
    file.chmod(0o666)


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def share_folder(file: Path) -> None:
    file.parent.chmod(0o777)


@pytest.mark.parametrize("spoil", [spoil_middle, spoil_end, empty, allow_others, link, share_folder])
@pytest.mark.parametrize("space", [SPACE, ResourceSpace("epic", "r4")])
def test_a_file_that_is_damaged_or_that_others_can_write_is_not_copied(
    tmp_path: Path, cache: Path, spoil: Callable[[Path], None], space: ResourceSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        created = await fill(tmp_path / "first", space)
        (file,) = files(cache)
        spoil(file)
        copies = count_copies(monkeypatch)
        assert await fill(tmp_path / "second", space) == created
        assert not any(copies)

    asyncio.run(run())


def test_a_file_with_other_tables_is_not_copied(tmp_path: Path, cache: Path) -> None:
    """Its checksum is right, but it isn't what the code expects."""

    async def run() -> None:
        space = ResourceSpace("general", "stu3")
        created = await fill(tmp_path / "first", space)
        (file,) = files(cache)
        for break_it in ("DROP TABLE token_index", "DELETE FROM resource WHERE id = 'p-0002'", "DROP TABLE resource"):
            good = file.read_bytes()
            db = apsw.Connection(str(file))
            db.execute(break_it)
            db.close()
            name = f"{file.name.split('.db')[0].rpartition('.')[0]}.{zlib.crc32(file.read_bytes()):08x}.db"
            file.rename(file.with_name(name))
            assert await fill(tmp_path / break_it, space) == created
            for other in files(cache):
                other.unlink()
            file.write_bytes(good)

    asyncio.run(run())


def test_without_a_home_folder_or_patients_there_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert population_cache.open_cache(Written(0, 1)) is None
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError()))
    assert population_cache.open_cache(Written(50, 1)) is None


def test_the_key_depends_on_the_release_and_the_code_that_creates_patients(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in population_cache.CODE:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    file = tmp_path / "population" / "tables" / "codes.tsv"
    file.parent.mkdir()
    digest = population_cache.hash_sources.__wrapped__
    monkeypatch.setattr(population_cache, "HERE", tmp_path)
    digests = {digest()}
    file.write_text("a = 1")
    digests.add(digest())
    file.write_text("a = 2")
    digests.add(digest())
    file.rename(file.with_name("other.tsv"))
    digests.add(digest())
    monkeypatch.setattr("sickbay.__version__", "99")
    digests.add(digest())
    assert len(digests) == 5


def test_the_key_covers_all_code_that_takes_part() -> None:
    """Each folder with a module that is loaded to create, index and store patients, except for `kernel` and `settings`."""
    code = (
        "import sys\n"
        "from sickbay import population\n"
        "import sickbay.fhir.search.index, sickbay.storage.population_file, sickbay.storage.sqlite.store\n"
        "import sickbay.sandbox.population_writer\n"
        "for version in ('r5', 'dstu2'): [*population.generate(seed=1, patients=1, today=None, version=version)]\n"
        "print(*(name for name in sys.modules if name.startswith(('sickbay.population', 'sickbay.storage', 'sickbay.fhir'))))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    folders = {name.split(".")[1] for name in out.split()}
    assert len(folders) == 3
    assert folders <= set(population_cache.CODE)


def test_a_new_folder_brings_the_file_to_its_day(tmp_path: Path, cache: Path, noon: None) -> None:
    """So only the first start of a day has to change it. A pinned day leaves it as it is."""

    async def run() -> None:
        created = await fill(tmp_path / "created", today=None, population_cache=False)
        await fill(tmp_path / "pinned", today="2020-01-01")
        pinned = population_file.read(*files(cache)).at
        await fill(tmp_path / "pinned-again", today="2021-01-01")
        assert population_file.read(*files(cache)).at == pinned
        assert await fill(tmp_path / "first", today=None) == created
        now = population_file.read(*files(cache)).at
        assert now > pinned
        assert await fill(tmp_path / "second", today=None) == created
        assert await fill(tmp_path / "pinned-then", today="2020-01-01") == await fill(
            tmp_path / "pinned-created", today="2020-01-01", population_cache=False
        )
        assert population_file.read(*files(cache)).at == now

    asyncio.run(run())


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_database_does_not_begin_with_a_copy_next_to_files_of_a_deleted_one(tmp_path: Path, cache: Path, suffix: str) -> None:
    """SQLite would apply them to the copy."""

    async def run() -> None:
        await fill(tmp_path / "first")
        folder = tmp_path / "second"
        folder.mkdir(mode=0o700)
        (folder / f"sickbay.db{suffix}").write_bytes(b"")
        sandbox = await open_hospital(folder)
        assert await sandbox.runtime.store.writes_since(SPACE, EMPTY) is None
        await sandbox.close()

    asyncio.run(run())


def test_two_processes_begin_the_same_database(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one finds that the first one was faster, and leaves its database as it is."""

    async def run() -> None:
        created = await fill(tmp_path / "first")
        link = os.link

        def link_second(source: Path, target: Path) -> None:
            link(source, target)
            link(source, target)

        monkeypatch.setattr(os, "link", link_second)
        assert await fill(tmp_path / "second") == created

    asyncio.run(run())
    assert [*tmp_path.rglob("*.draft")] == []


def test_a_folder_without_space_for_a_copy_begins_empty(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        created = await fill(tmp_path / "first")

        def fail(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "link", fail)
        assert await fill(tmp_path / "second") == created
        monkeypatch.setattr(CacheFolder, "copy", fail)
        assert await fill(tmp_path / "third") == created

    asyncio.run(run())
    assert [*tmp_path.rglob("*.draft")] == []
