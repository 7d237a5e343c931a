"""The students of a class: how they join, by the class's key or their own code, and how the teacher removes them.

A personal code is the student's id and a secret. Only the hash of the secret is stored. The class's key is stored as it is,
because the teacher shows it to everyone in the class.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import Struct, structs

from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.storage.interface import Conflict, Delete, Put, Record

STUDENT = "student"
CLASS = "class"
JOIN_KEY: Final = "join"
"""The key of the record with the class's key."""
MAXIMUM_STUDENTS: Final = 250
NAME_CHARACTERS: Final = 60
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Letters and digits that look different from each other (Crockford's base 32)."""
LOOKALIKES: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "u": "v", "-": "", " ": ""})
KEY_CHARACTERS: Final = 8
ID_CHARACTERS: Final = 6
SECRET_CHARACTERS: Final = 10
SAME_FORM_SECONDS: Final = 10
"""Seconds within which sending the same form again adds no student."""


class Student(Struct, frozen=True):
    """id: in lower case, not a secret. code_hash: SHA-256 of the personal code. joined_at: epoch seconds."""

    id: str
    name: str
    code_hash: str
    joined_at: int


class Joined(NamedTuple):
    """code: the personal code, shown only here."""

    student: Student
    code: str


class ClassIsFull(Exception):
    """Raised if the class has MAXIMUM_STUDENTS."""


class _Class(Struct, frozen=True):
    key: str


async def load_join_key(runtime: Runtime) -> str:
    """The key in the link to join. It is made when it is first needed."""
    found = await records.load(runtime, CLASS, JOIN_KEY, _Class)
    if found is None:
        with suppress(Conflict):
            await runtime.store.transaction([_put_key(_encode_letters(_random_bytes(runtime)[:KEY_CHARACTERS]), 0)])
        found = await records.load(runtime, CLASS, JOIN_KEY, _Class)
    return found.key if found else ""


async def change_key(runtime: Runtime) -> None:
    """Make a new key. The link with the old one stops working; students who joined with it stay."""
    await runtime.store.transaction([_put_key(_encode_letters(_random_bytes(runtime)[:KEY_CHARACTERS]), None)])


def _put_key(key: str, if_revision: int | None) -> Put:
    return Put(Record(CLASS, JOIN_KEY, records.dump(_Class(key))), if_revision)


async def is_join_key(runtime: Runtime, sent: str) -> bool:
    """Whether this is the class's key. Upper case and lookalike letters are accepted."""
    return hmac.compare_digest((await load_join_key(runtime)).encode(), _normalise_name(sent).encode())


async def join(runtime: Runtime, name: str, form: str = "") -> Joined:
    """Adds a student, but only one if a double click sends the form twice. Raises ClassIsFull.

    If another student has the name, a number is added to it, so that the teacher can tell the two apart.

    form: the CSRF token of the form, which no one else has; "" without a form.
    """
    await load_join_key(runtime)  # makes the record that is written with each student, so that they join one after the other
    seed = hmac.digest(runtime.keys.refresh, f"join\0{form}\0{name}".encode(), "sha256") if form else _random_bytes(runtime)
    while True:
        joined_before = await runtime.store.get(CLASS, JOIN_KEY)
        joined = _join_with_new_code(seed, Student(_encode_letters(seed[:ID_CHARACTERS]), name, "", runtime.now()))
        if (found := await find(runtime, joined.student.id)) is not None:
            if found.code_hash == joined.student.code_hash and runtime.now() < found.joined_at + SAME_FORM_SECONDS:
                return Joined(found, joined.code)
            seed = _random_bytes(runtime)
            continue
        others = await list_students(runtime)
        if len(others) >= MAXIMUM_STUDENTS:
            raise ClassIsFull
        student = structs.replace(joined.student, name=_distinguish(name, [other.name for other in others]))
        steps = [Put(record, record.revision) for record in (joined_before,) if record is not None]
        with suppress(Conflict):
            await runtime.store.transaction([*steps, Put(_record_of_student(student), 0)])
            return Joined(student, joined.code)


def _distinguish(name: str, others: Sequence[str]) -> str:
    """The name, with a number if another student has it: Ada (2). It doesn't matter whether letters are capital."""
    taken = {other.casefold() for other in others}
    suffixes = ("", *(f" ({number})" for number in range(2, len(others) + 2)))
    numbered = (name[: NAME_CHARACTERS - len(suffix)].rstrip() + suffix for suffix in suffixes)
    return next(free for free in numbered if free.casefold() not in taken)


async def renew_code(runtime: Runtime, student: Student) -> str:
    """Give a student a new personal code. The old one stops working; browsers that joined with it stay.

    Returns "" if the student isn't in the class any more.
    """
    while (record := await runtime.store.get(STUDENT, student.id)) is not None:
        joined = _join_with_new_code(_random_bytes(runtime), student)
        with suppress(Conflict):
            await runtime.store.transaction([Put(_record_of_student(joined.student), record.revision)])
            return joined.code
    return ""


async def find_by_code(runtime: Runtime, sent: str) -> Student | None:
    """The student with this personal code."""
    code = _normalise_name(sent)
    student = await find(runtime, code[:ID_CHARACTERS])
    if student is None or not hmac.compare_digest(student.code_hash, records.digest(code)):
        return None
    return student


async def find(runtime: Runtime, id: str) -> Student | None:
    return await records.load(runtime, STUDENT, id, Student) if id else None


async def list_students(runtime: Runtime) -> list[Student]:
    """Returns all students in the order in which they joined."""
    stored = await runtime.store.find(STUDENT, limit=MAXIMUM_STUDENTS, oldest=True)
    return [records.parse(Student, record.value) for record in stored]


def delete(student: Student) -> Delete:
    """Returns the step that deletes a student. `clearing.remove` also deletes the student's data."""
    return Delete(STUDENT, student.id)


def _join_with_new_code(seed: bytes, student: Student) -> Joined:
    """seed: 32 random bytes."""
    code = student.id + _encode_letters(seed[ID_CHARACTERS : ID_CHARACTERS + SECRET_CHARACTERS])
    groups = [code[start : start + 4] for start in range(0, len(code), 4)]
    return Joined(structs.replace(student, code_hash=records.digest(code)), "-".join(groups))


def _record_of_student(student: Student) -> Record:
    return Record(STUDENT, student.id, records.dump(student), at=student.joined_at)


def _normalise_name(sent: str) -> str:
    return sent.strip()[:100].lower().translate(LOOKALIKES)


def _random_bytes(runtime: Runtime) -> bytes:
    return hashlib.sha256(runtime.effects.token(32).encode()).digest()


def _encode_letters(random: bytes) -> str:
    """Letters and digits of ALPHABET, five bits of each byte."""
    return "".join(ALPHABET[byte & 31] for byte in random)
