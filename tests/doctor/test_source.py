"""The folder of the knowledge is read as its README says, and a mistake names its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doctor import small
from tests.doctor.small import FILES, write
from tests.laws import for_each

from sickbay.doctor import source
from sickbay.doctor.source import Example, MistakeInKnowledge


def test_a_product_has_marks_and_a_cause_the_id_of_its_file() -> None:
    knowledge = small.read()
    assert set(knowledge.products) == {"acme", "cloud"}
    assert knowledge.products["acme"].implies == ("cloud",)
    assert set(knowledge.messages) == {"acme/redirect", "acme/numbered", "oauth/invalid-grant", "oauth/redirect"}
    assert {id: cause.product for id, cause in knowledge.causes.items()} == {
        "oauth-code-used": "",
        "oauth-redirect": "",
        "acme-number": "acme",
    }
    assert knowledge.unseen == {"authorize_request": ("oauth-redirect",)}
    assert knowledge.facts["is_broken"].patterns == ("broken (?P<value>cup)",)
    assert knowledge.code.forms == {"fetch": "Call it"}


def test_a_cause_has_its_sections_with_joined_lines() -> None:
    cause = small.read().causes["oauth-code-used"]
    assert (cause.title, cause.why, cause.check, cause.fix) == (
        "The code was used twice",
        "A code works once.",
        "Count the requests.",
        "Send it once.",
    )
    assert (cause.behind, cause.was) == ({"oauth/invalid-grant": "usual"}, ("code-twice",))


def test_examples_have_their_origins(tmp_path: Path) -> None:
    file = next(file for file in source.read_causes(write(tmp_path)) if file.cause.id == "oauth-code-used")
    assert file.seen == (
        Example("invalid_grant\nin two lines", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"),
        Example("another", "wording: https://acme.example/errors"),
    )
    assert [example.is_quoted for example in file.seen] == [True, False]
    assert file.never == (Example("The code is fine.", ""),)


def test_messages_are_indexed_by_the_parts_with_which_their_first_group_begins(tmp_path: Path) -> None:
    knowledge = source.read(write(tmp_path))
    part = knowledge.messages["oauth/redirect"].wordings[0][0][0]
    assert {id for id, _ in knowledge.by_part[part]} == {"acme/redirect", "oauth/redirect"}
    assert knowledge.by_code == {"invalid_grant": ["oauth/invalid-grant"]}


CAUSE = FILES["oauth/code-used.md"]


@for_each(
    "name, content, reason",
    [
        ("acme_product_toml", 'name = "Acme"\n', "missing required field `marks`"),
        ("acme_product_toml", 'name = "Acme"\nmarks = ["x"]\ncolour = 1\n', "unknown field `colour`"),
        ("acme_product_toml", "name = \n", "acme/product.toml: Invalid value"),
        ("acme_product_toml", 'name = "Acme"\nmarks = ["…"]\n', "1 to 24 words"),
        ("acme_messages_toml", '[a]\nmeans = "x"\nsource = "y"\n', "[a] needs wordings, codes or needs"),
        (
            "acme_messages_toml",
            '[a]\nmeans = "x"\nsource = "y"\ncodes = ["1"]\nstrength = "big"\n',
            "[a] Invalid enum value 'big'",
        ),
        ("acme_messages_toml", '[a]\ncodes = ["1"]\nwords = [["x"]]\n', "[a] Object contains unknown field `words`"),
        ("oauth_code-used_md", CAUSE.replace('"documented"', '"guessed"'), "Invalid enum value 'guessed' - at `$.basis`"),
        ("oauth_code-used_md", CAUSE.replace('"usual"', '"often"'), "Invalid enum value 'often' - at `$.behind"),
        ("oauth_code-used_md", CAUSE.replace("## Check", "## Look"), "sections have to be Check, Fix, Seen"),
        ("oauth_code-used_md", "# A title\n", "front matter"),
        ("acme_product_toml", 'name = "Acme"\nmarks = []\n', "length >= 1 - at `$.marks`"),
        ("acme_messages_toml", '[a]\nmeans = "x"\ncodes = ["1"]\n', "[a] Object missing required field `source`"),
        ("facts_toml", '[a]\npattern = "x"\n', "unknown field `pattern`"),
        ("code_toml", '[mistakes.a]\nseverity = "bad"\n', "Invalid enum value 'bad'"),
        ("unseen_toml", 'x = ["missing"]\n', "unknown causes: missing"),
    ],
)
def test_a_mistake_names_its_file(tmp_path: Path, name: str, content: str, reason: str) -> None:
    with pytest.raises(MistakeInKnowledge) as raised:
        source.read(write(tmp_path, **{name: content}))
    assert reason in str(raised.value)


def test_a_folder_that_is_neither_a_product_nor_general_is_a_mistake(tmp_path: Path) -> None:
    (write(tmp_path) / "acme" / "product.toml").unlink()
    with pytest.raises(MistakeInKnowledge, match="the folder acme has no product"):
        source.read(tmp_path)
