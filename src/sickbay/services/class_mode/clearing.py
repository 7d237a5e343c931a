"""Deletes a student's data: apps with all their grants, faults, and exchanges."""

from __future__ import annotations

from sickbay.authorization.models import Client
from sickbay.services import app_removal, clear_exchanges, records, sessions
from sickbay.services.class_mode import members, progress
from sickbay.services.class_mode.members import Student
from sickbay.services.context import Runtime
from sickbay.services.injection import setting
from sickbay.services.journal.outcomes import condition_for_student
from sickbay.services.journal.write import Journal
from sickbay.storage.interface import Delete


async def list_apps(runtime: Runtime, student: str) -> list[Client]:
    """The apps of a student, newest first. An imported snapshot can have more than a student may register."""
    stored = await runtime.store.find("app", label=student, limit=10_000) if student else []
    return [records.parse(Client, record.value) for record in stored]


async def reset(runtime: Runtime, journal: Journal, student: Student) -> None:
    """Deletes a student's data. The student stays in the class."""
    apps = await list_apps(runtime, student.id)
    names = {client.client_id for client in apps}
    for fault in [fault.id for fault in runtime.faults if fault.app in names]:
        await setting.remove_faults(runtime, fault)
    for client in apps:
        await app_removal.remove_app(runtime, client)
    await clear_exchanges.delete_exchanges(runtime, journal, (condition_for_student(student.id),))
    deleted = [Delete(progress.KIND, f"{student.id}/{milestone}") for milestone in progress.MILESTONES]
    await runtime.store.transaction(deleted)


async def remove(runtime: Runtime, journal: Journal, student: Student) -> None:
    """Remove a student from the class, with everything the student has. Its browsers have to join again."""
    ended = await sessions.leave_class(runtime, student.id)
    await runtime.store.transaction([members.delete(student), *ended])
    await reset(runtime, journal, student)
