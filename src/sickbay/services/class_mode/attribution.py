"""Finds the student of an exchange: the owner of the app, else the user who launched it, else the owner of the browser."""

from __future__ import annotations

from msgspec import structs

from sickbay.services import launch as launches
from sickbay.services import registration
from sickbay.services.context import Runtime
from sickbay.services.journal.record import Exchange


async def add_student(runtime: Runtime, exchange: Exchange) -> Exchange:
    """The exchange, with the student who owns it."""
    student = await find_student(runtime, exchange.client_id, exchange.timeline, exchange.student)
    return structs.replace(exchange, student=student)


async def find_student(runtime: Runtime, client_id: str, timeline: str, browser: str) -> str:
    """Returns the student's id; "" if none is known. browser: the id of the student whose browser sent the request.

    The app decides first: a request that names an app of another student belongs to that student.
    """
    client = await registration.find_by_id(runtime, client_id)
    if client is not None and client.student:
        return client.student
    launch = await launches.find_by_timeline(runtime, timeline) if timeline else None
    return (launch.student if launch is not None else "") or browser


async def student_of_launch(runtime: Runtime, timeline: str) -> str:
    """Returns the student who owns a launch; "" if the launch has no record or belongs to no student."""
    launch = await launches.find_by_timeline(runtime, timeline)
    return await find_student(runtime, launch.client_id, timeline, "") if launch is not None else ""
