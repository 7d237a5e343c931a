"""Which launch a launch is compared with if its reader chooses none."""

from __future__ import annotations

from sickbay.services.launch_choices import StoredLaunch, choose_launch


def launch(id: str, began: float, *, worked: bool = True) -> StoredLaunch:
    return StoredLaunch(id, began, worked)


def test_the_last_one_before_it_that_worked_is_chosen() -> None:
    listed = [
        launch("later", 9),
        launch("this", 5, worked=False),
        launch("lost", 4, worked=False),
        launch("old", 3),
        launch("older", 1),
    ]
    chosen = choose_launch(listed, "this")
    assert chosen
    assert chosen.id == "old"


def test_a_later_one_that_worked_comes_before_one_that_did_not() -> None:
    listed = [launch("later", 9), launch("this", 5, worked=False), launch("lost", 4, worked=False)]
    assert choose_launch(listed, "this") == listed[0]
    assert choose_launch(listed[1:], "this") == listed[2]
    assert choose_launch(listed[1:2], "this") is None
