"""A return to a mark takes the same actions for many resources as for one."""

from __future__ import annotations

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import ResourceSpace, ReturnToMark
from sickbay.storage.query import marks
from sickbay.storage.query.returning import Action, DoWith, ForgetIndex, Return
from sickbay.storage.query.statement import Do, Row

STEP = ReturnToMark(ResourceSpace("general", "r4"), "filled", lambda body: IndexEntries())


def perform(created: int) -> list[Action]:
    """The actions of a return after so many resources were created, if nothing else was written."""
    pages: list[list[Row]] = [[(nid,) for nid in range(created)]]
    actions, done = Return(STEP, 1, 0).run(), list[Action]()
    action = next(actions, None)
    while action is not None:
        done.append(action)
        is_page = isinstance(action, Do) and action.text == marks.CREATED and pages
        try:
            action = actions.send(pages.pop() if is_page else [])
        except StopIteration:
            action = None
    return done


def test_a_thousand_created_resources_take_the_same_statements_as_one() -> None:
    single, thousand = perform(1), perform(1000)
    assert [(type(action), *action[:1]) for action in single if isinstance(action, Do | DoWith)] == [
        (type(action), *action[:1]) for action in thousand if isinstance(action, Do | DoWith)
    ]


def test_each_action_on_created_resources_has_all_of_them() -> None:
    on_resources = [action for action in perform(5) if isinstance(action, DoWith | ForgetIndex)]
    assert len(on_resources) == 5
    assert all(set(action.nids) == {0, 1, 2, 3, 4} for action in on_resources)
