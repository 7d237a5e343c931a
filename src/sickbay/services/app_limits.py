"""Limits the size of an app's registration, and in class mode the number and size of a student's apps."""

from __future__ import annotations

from typing import Final

from sickbay.kernel.english import count
from sickbay.services.class_mode.members import STUDENT
from sickbay.services.context import Runtime
from sickbay.storage.interface import Conflict, Put, Record, Step

APP_BYTES: Final = 65_536
"""Maximum size of a stored registration in bytes, equal to that of a form."""
STUDENT_BYTES: Final = 131_072
"""The maximum size of all apps of a student together."""
STUDENT_APPS: Final = 20


class AppTooLarge(Exception):
    """Raised if an app exceeds a limit. The text names the limit, for the user who changes the app."""


async def list_steps(runtime: Runtime, app: Record) -> list[Step]:
    """Returns the steps that have to be in the transaction that stores this app. Raises AppTooLarge.

    They keep the limits of a student when several requests register apps at the same time: all but one get a Conflict.
    """
    if len(app.value) > APP_BYTES:
        raise AppTooLarge(f"Its registration has {len(app.value):,} bytes. At most {APP_BYTES:,} are stored for an app.")
    if not app.label:
        return []
    student = await runtime.store.get(STUDENT, app.label)
    apps = await runtime.store.find("app", label=app.label, limit=STUDENT_APPS + 1)
    others = [other for other in apps if other.key != app.key]
    is_new = len(others) == len(apps)
    if student is None:
        if is_new:
            raise AppTooLarge("The student who owns it is no longer in the class.")
        return []
    if is_new and len(apps) >= STUDENT_APPS:
        raise AppTooLarge(f"You already have {count(STUDENT_APPS, 'app')}. Remove one first.")
    if sum(len(other.value) for other in others) + len(app.value) > STUDENT_BYTES:
        raise AppTooLarge(
            f"All apps of a student can have at most {STUDENT_BYTES:,} bytes together. Remove one, or shorten a list."
        )
    return [Put(student, student.revision)]


def is_of_student(conflict: Conflict) -> bool:
    """Whether another app of the same student was stored at the same time, so that the limits must be checked again."""
    return isinstance(conflict.step, Put) and conflict.step.record.kind == STUDENT
