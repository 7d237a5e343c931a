"""Maps spaces, words and codings to their numbers."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from sickbay.kernel.memoize import CACHED_CHARACTERS
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.cache import StorageCaches
from sickbay.storage.query.statement import Sql, SqlReader, Statement
from sickbay.storage.terms import term_hash

SHIFT = 40
NEVER = 1 << 62
"""Later than any date."""
REFERENCED, LIVE, DELETED = 0, 1, 2
APART, MEMBER, GONE = 0, 1, 2
LIVE_OF_TYPE = "SELECT coalesce(sum(live), 0) FROM type_count WHERE space = ? AND type = ?"


class Dictionary:
    """The dictionary of a reader. A number's meaning never changes, so numbers found are cached; missing entries aren't.

    caches: those of look-ups that a write may change. `StoreQueries` replaces them.
    """

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader
        self.caches = StorageCaches()
        self._spaces: dict[ResourceSpace, int] = {}
        self._words: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def space(self, space: ResourceSpace) -> int | None:
        number = self._spaces.get(space)
        if number is None:
            number = self._reader.one("SELECT number FROM space WHERE tenant = ? AND version = ?", space)
            if number is not None:
                self._spaces[space] = number
        return number

    def word(self, text: str) -> int:
        """Return the number of a text, or 0 if nothing was ever stored under it."""
        if text not in self._words:
            number = self._reader.one("SELECT number FROM word WHERE text = ?", (text,))
            if number is None:
                return 0
            self._words[text] = number
        return self._words[text]

    def find_known_texts(self, texts: Collection[str]) -> set[str]:
        """Return the texts under which something was stored, with one look-up."""
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
        """Return the nid of a resource, or -1 if there is none. No nid is ever reused, so a stale one finds nothing."""
        key, nids = (space, self.word(type), id), self.caches.nids
        nid = nids.get(key)
        if nid is None:
            nid = self._reader.one("SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ?", key)
            nid = -1 if nid is None else int(nid)
            if len(id) <= CACHED_CHARACTERS:
                nids[key] = nid
        return nid

    def hashes(self, codings: tuple[tuple[str | None, str], ...]) -> list[int]:
        """Return the hashes of (system, code). With system None, return those of every system that has the code."""
        result = [term_hash(system, code) for system, code in codings if system is not None]
        for code in [code for system, code in codings if system is None]:
            result += self._hashes_of_code(code)
        return result

    def _hashes_of_code(self, code: str) -> list[int]:
        known = self.caches.hashes
        hashes = known.get(code)
        if hashes is None:
            hashes = [row[0] for row in self._reader.rows("SELECT hash FROM term WHERE code = ?", (code,))]
            if len(code) <= CACHED_CHARACTERS:
                known[code] = hashes
        return hashes

    def count_up_to_thousand(self, space: int, parameter: int, hash: int) -> int:
        """Count the resources that have a token, up to 1,000."""
        return self.count_rows(select_tokens(space, parameter, hash), 1000)

    def count_live(self, space: int, type: str) -> int:
        key, known = (space, self.word(type)), self.caches.live
        count = known.get(key)
        if count is None:
            count = known[key] = int(self._reader.one(LIVE_OF_TYPE, key))
        return count

    def count_rows(self, rows: Sql, most: int) -> int:
        statement = count_up_to(rows, most)
        count: int = self._reader.one(statement.text, statement.binds)
        return count

    def is_whole(self, space: int, parameter: int, low: int, high: int) -> bool:
        """Return whether everything dated within [low, high) has exactly this range, and nothing only a part of it."""
        exists = "SELECT 1 FROM shown_date WHERE space = ? AND parameter = ?"
        text = f"SELECT EXISTS ({exists} AND low = ? AND high < ?) OR EXISTS ({exists} AND low > ? AND low < ?)"
        return not self._reader.one(text, (space, parameter, low, high, space, parameter, low, high))


def select_tokens(space: int, parameter: int, hash: int) -> Sql:
    """Select the rows of resources that have a token."""
    return Sql("SELECT 1 FROM shown_token WHERE space = ? AND parameter = ? AND hash = ?", (space, parameter, hash))


def count_up_to(rows: Sql, most: int) -> Statement:
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) e LIMIT ?) few", (*rows.binds, most))
