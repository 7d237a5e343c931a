"""Secrets of this Sickbay are recognized by their hashes, whatever surrounds them."""

from __future__ import annotations

from base64 import b32encode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.flow import Flow, run
from tests.laws import examples

from sickbay.services.redaction import live_secrets
from sickbay.services.redaction.live_secrets import TOKEN, LiveSecrets
from sickbay.services.used_passwords import UsedPasswords
from sickbay.storage.interface import Clear, Delete, Put, Record


@given(st.text(min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_found_inside_a_text(secret: str, before: str, after: str) -> None:
    known = LiveSecrets({sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()})
    assert known.are_in(before + secret + after)
    assert not known.are_in(secret[:-1])


PIECES = st.text("abAB0é-", max_size=10)
ENCODINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: b64encode(text.encode()).decode(),
    lambda text: b32encode(text.encode("utf-16")).decode(),
    lambda text: text.encode().hex(),
)


@settings(max_examples=examples(1000))
@given(st.lists(PIECES, max_size=3), st.lists(PIECES, max_size=2), PIECES, PIECES, st.sampled_from(ENCODINGS))
def test_knowing_the_lengths_of_secrets_changes_nothing_that_is_found(
    secrets: list[str], used: list[str], before: str, after: str, encode: Callable[[str], str]
) -> None:
    passwords = UsedPasswords()
    for password in used:
        passwords.remember(password)
    hashes = {sha256(secret.encode()).hexdigest() for secret in secrets}
    known = LiveSecrets(hashes, passwords=passwords, lengths=set(map(len, secrets)))
    unknown = LiveSecrets(hashes, passwords=passwords)
    for text in (before, encode(before + after), *(encode(before + secret + after) for secret in (*secrets, *used))):
        assert known.are_in(text) == unknown.are_in(text)
        assert known.holds(text) == unknown.holds(text)


def test_a_text_with_too_many_substrings_counts_as_secret() -> None:
    known = LiveSecrets({"0" * 64})
    assert not known.are_in("a" * 60)
    assert any(known.are_in(f"{number:060}") for number in range(30))


def test_a_password_is_recognized_after_it_was_used() -> None:
    passwords = UsedPasswords()
    assert not LiveSecrets(passwords=passwords).are_in("xx Pl4in-old-horse yy")
    passwords.remember("Pl4in-old-horse")
    assert LiveSecrets(passwords=passwords).are_in("xx Pl4in-old-horse yy")


def test_a_password_is_recognized_in_a_text_that_an_earlier_exchange_had_too() -> None:
    passwords = UsedPasswords()
    known = LiveSecrets({"0" * 64}, passwords=passwords)
    assert not known.are_in("green-stair-carpet")
    passwords.remember("stair-carpet")
    known.begin()
    assert known.are_in("green-stair-carpet")


def test_tokens_and_secrets_are_recognized_until_their_app_is_removed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        token = (await flow.complete_launch())["access_token"]
        assert (await live_secrets.load_live_secrets(runtime, {f"x{token}y"})).are_in(f"a{token}b")
        assert not (await live_secrets.load_live_secrets(runtime, {"z" * 50})).are_in("z" * 50)
        app = await flow.register(client="symmetric", client_secret="seven-green-doors")
        assert (await live_secrets.load_live_secrets(runtime, ())).are_in("my seven-green-doors!")
        assert sha256(b"the-key-of-all").hexdigest() in (await live_secrets.read_stored_secrets(runtime)).hashes
        await flow.http.delete(f"/admin/apps/{app['app_id']}")
        assert not (await live_secrets.load_live_secrets(runtime, ())).are_in("my seven-green-doors!")

    run(steps, tmp_path, patients=20, admin_token="the-key-of-all")


def test_nothing_is_hashed_that_has_another_length_than_every_secret(tmp_path: Path) -> None:
    """An app that an older Sickbay stored has a secret of unknown length."""

    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        await flow.register(client="symmetric")
        await flow.register(client="symmetric", client_secret="seven-green-doors")
        lengths = (await live_secrets.read_stored_secrets(runtime)).lengths
        assert lengths is not None
        assert set(lengths) == {TOKEN, len("seven-green-doors"), len("the-key-of-all")}
        assert list(live_secrets._possible_secrets("p-0001-o002", sorted(lengths))) == []
        await runtime.store.transaction([Put(Record("app", "a", b'{"secret_hash":"one"}'))])
        assert (await live_secrets.read_stored_secrets(runtime)).lengths is None

    run(steps, tmp_path, patients=20, admin_token="the-key-of-all")


def test_apps_are_read_again_only_after_one_was_changed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime, store = flow.sandbox.runtime, flow.sandbox.runtime.store
        first = (await live_secrets.read_stored_secrets(runtime)).hashes
        await store.transaction([Put(Record("token", "t", b"{}"))])
        assert (await live_secrets.read_stored_secrets(runtime)).hashes is first
        await store.transaction([Put(Record("app", "a", b'{"secret_hash":"one"}'))])
        assert "one" in (await live_secrets.read_stored_secrets(runtime)).hashes
        await store.transaction([Put(Record("app", "a", b'{"secret_hash":"two"}'))])
        assert "two" in (await live_secrets.read_stored_secrets(runtime)).hashes
        await store.transaction([Delete("app", "a"), Put(Record("app", "b", b'{"secret_hash":"three"}'))])
        assert {"one", "two", "three"} & (await live_secrets.read_stored_secrets(runtime)).hashes == {"three"}
        await store.transaction([Clear("app")])
        assert "three" not in (await live_secrets.read_stored_secrets(runtime)).hashes

    run(steps, tmp_path, patients=20)
