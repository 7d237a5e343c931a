"""Tracks each student's progress: the last exchange of each kind that shows it, stored when the exchange is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from sickbay.authorization.models import Client
from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.services import records
from sickbay.services.class_mode.members import Student
from sickbay.services.context import Runtime
from sickbay.services.journal.outcomes import RULE, STUDENT
from sickbay.storage.interface import Put, Record

KIND = "student-progress"
Milestone: TypeAlias = Literal["launched", "refused", "working"]
MILESTONES: Final[tuple[Milestone, ...]] = ("launched", "refused", "working")
State: TypeAlias = Literal["joined", "registered", "launched", "refused", "working"]
LAUNCH_STAGES: Final = frozenset(("launch", "authorize", "login"))
MAXIMUM_APPS: Final = 10_000


class LastExchange(Struct, frozen=True):
    """The last exchange that shows a milestone. at: its arrival in microseconds. rule: that of a refusal."""

    id: str
    at: int
    stage: str
    rule: str = ""


class StudentProgress(NamedTuple):
    """A student's progress as the teacher sees it. apps: newest first. last: by milestone."""

    student: Student
    apps: Sequence[Client]
    last: Mapping[str, LastExchange]

    @property
    def state(self) -> State:
        return state_of(len(self.apps), self.last)

    @property
    def seen_at(self) -> int:
        """The arrival of the student's last exchange in microseconds; 0 if there is none."""
        return max((exchange.at for exchange in self.last.values()), default=0)


def state_of(apps: int, last: Mapping[str, LastExchange]) -> State:
    """Returns a student's progress. A refusal counts until a later request for data succeeds."""
    refused, working = last.get("refused"), last.get("working")
    if refused and (working is None or working.at < refused.at):
        return "refused"
    if working:
        return "working"
    return "launched" if "launched" in last else "registered" if apps else "joined"


def milestone_of(line: str, stage: str) -> Milestone | None:
    """Returns the milestone that an exchange shows. line: as in `journal.outcomes`."""
    outcome = line.split(" ", 2)[1:2]
    if outcome == ["refused"]:
        return "refused"
    if outcome != ["granted"]:
        return None
    return "working" if stage in FHIR_STAGES else "launched" if stage in LAUNCH_STAGES else None


def list_steps(exchanges: Iterable[Record]) -> list[Put]:
    """Returns the steps that store the progress of these exchanges. Of several with the same milestone, the last counts."""
    newest: dict[str, Put] = {}
    for record in sorted(exchanges, key=lambda exchange: exchange.at):
        student = record.line.partition(STUDENT)[2].partition(" ")[0]
        milestone = milestone_of(record.line, record.label) if student else None
        if milestone is not None:
            key = f"{student}/{milestone}"
            newest[key] = Put(
                Record(KIND, key, records.dump(_describe_exchange(record)), owner=student, at=record.at), aside=True
            )
    return list(newest.values())


def _describe_exchange(record: Record) -> LastExchange:
    rule = record.line.partition(RULE)[2].partition(" ")[0]
    return LastExchange(record.key, record.at, record.label, rule)


async def read_progress_of_students(runtime: Runtime, students: Sequence[Student]) -> list[StudentProgress]:
    """Returns the progress of these students, in the same order. Takes two statements, however many students there are."""
    apps, last = dict[str, list[Client]](), dict[str, dict[str, LastExchange]]()
    for record in await runtime.store.find("app", limit=MAXIMUM_APPS):
        if record.label:
            apps.setdefault(record.label, []).append(records.parse(Client, record.value))
    for record in await runtime.store.find(KIND, limit=len(MILESTONES) * len(students)):
        milestone = record.key.partition("/")[2]
        last.setdefault(record.owner, {})[milestone] = records.parse(LastExchange, record.value)
    return [StudentProgress(student, apps.get(student.id, ()), last.get(student.id, {})) for student in students]
