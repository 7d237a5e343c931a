"""Which users of this machine are strangers: a table of all pairs."""

from __future__ import annotations

from itertools import product

from sickbay.authorization.administration import SocketHolder, stranger_sign

USERS = {
    "root": 0,
    "a service": 33,
    "the last system account": 999,
    "a person": 1000,
    "a second person": 1001,
    "a dynamic user of systemd": 61184,
    "nobody": 65534,
    "a mapped user": 165_533,
    "the last user": 2**32 - 2,
}


def test_only_the_user_who_runs_sickbay_and_root_are_no_strangers() -> None:
    """Every pair of users, whether the system tells the user, and whether it maps the id."""
    for own, uid, told, unmapped in product(USERS.values(), (*USERS.values(), None), (False, True), (False, True)):
        sign = stranger_sign(SocketHolder(uid, told, unmapped), own)
        assert (sign == "") is (not told or (not unmapped and uid in (own, 0))), (own, uid, told, unmapped)
        if sign and uid is not None and not unmapped:
            assert f"user id {uid}," in sign
            assert f"user id {own}." in sign


def test_a_holder_is_unknown_unless_it_is_said_otherwise() -> None:
    assert stranger_sign(SocketHolder(), 1000)
