"""What stands for what: numbers of spaces and words."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import orjson

from sickbay.kernel.memoize import LONGEST
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.cache import StorageCaches
from sickbay.storage.query.statement import Sql, SqlReader, few
from sickbay.storage.terms import term_hash

SHIFT = 40
NEVER = 1 << 62
"""Later than any date."""
REFERENCED, LIVE, DELETED = 0, 1, 2
APART, MEMBER, GONE = 0, 1, 2
LIVE_OF_TYPE = "SELECT coalesce(sum(live), 0) FROM type_count WHERE space = ? AND type = ?"


class Dictionary:
    """The reader's dictionary. A number never changes its meaning, so what was found once is kept; the absent is not."""

    def __init__(self, reader: SqlReader, caches: StorageCaches) -> None:
        self._reader = reader
        self._spaces: dict[ResourceSpace, int] = {}
        self._words: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._caches = caches

    def space(self, space: ResourceSpace) -> int | None:
        if space not in self._spaces:
            found = self._reader.one("SELECT number FROM space WHERE tenant = ? AND version = ?", space)
            if found is None:
                return None
            self._spaces[space] = found
        return self._spaces[space]

    def word(self, text: str) -> int:
        """Its number, 0 where nothing was ever stored under it."""
        if text not in self._words:
            found = self._reader.one("SELECT number FROM word WHERE text = ?", (text,))
            if found is None:
                return 0
            self._words[text] = found
        return self._words[text]

    def known(self, texts: Collection[str]) -> set[str]:
        """Those under which something was ever stored, asked for at once."""
        unknown = [text for text in texts if text not in self._words]
        if unknown:
            text = "SELECT text, number FROM word WHERE text IN (SELECT value FROM json_each(?))"
            self._words.update(self._reader.rows(text, (orjson.dumps(unknown).decode(),)))
        return {text for text in texts if text in self._words}

    def text(self, number: int) -> str:
        if number not in self._texts:
            self._texts[number] = str(self._reader.one("SELECT text FROM word WHERE number = ?", (number,)))
        return self._texts[number]

    def nid(self, space: int, type: str, id: str) -> int:
        """The nid of a resource, -1 where there is none. No nid is ever used twice, so a stale one finds nothing."""
        key = (space, self.word(type), id)
        return self._nid(key) if len(id) > LONGEST else self._caches.nids.get(key, partial(self._nid, key))

    def _nid(self, key: tuple[int, int, str]) -> int:
        found = self._reader.one("SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ?", key)
        return -1 if found is None else int(found)

    def hashes(self, codings: tuple[tuple[str | None, str], ...]) -> list[int]:
        """The hashes of (system, code); with system None those of every system that has the code."""
        found = [term_hash(system, code) for system, code in codings if system is not None]
        for code in (code for system, code in codings if system is None):
            look = partial(self._of_any_system, code)
            found += look() if len(code) > LONGEST else self._caches.hashes.get(code, look)
        return found

    def _of_any_system(self, code: str) -> list[int]:
        return [row[0] for row in self._reader.rows("SELECT hash FROM term WHERE code = ?", (code,))]

    def rarity(self, space: int, parameter: int, hash: int) -> int:
        """How many resources have a token, counted to 1,000."""
        return self.counted(tokens(space, parameter, hash), 1000)

    def live(self, space: int, type: str) -> int:
        """How many resources of a type there are."""
        return int(self._reader.one(LIVE_OF_TYPE, (space, self.word(type))))

    def counted(self, rows: Sql, most: int) -> int:
        """How many there are, counted no further."""
        asked = few(rows, most)
        count: int = self._reader.one(asked.text, asked.binds)
        return count

    def whole(self, space: int, parameter: int, low: int, high: int) -> bool:
        """Whether what is dated within [low, high) is dated by the whole of it, and nothing by a part."""
        of = "SELECT 1 FROM date_index WHERE space = ? AND parameter = ?"
        text = f"SELECT EXISTS ({of} AND low = ? AND high < ?) OR EXISTS ({of} AND low > ? AND low < ?)"
        return not self._reader.one(text, (space, parameter, low, high, space, parameter, low, high))


def tokens(space: int, parameter: int, hash: int) -> Sql:
    """The rows of those who have a token."""
    return Sql("SELECT 1 FROM token_index WHERE space = ? AND parameter = ? AND hash = ?", (space, parameter, hash))
