"""Shell commands are split into words as a shell would, as far as forums left them intact."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.code.shell import Splitter


def words(text: str, **variables: str) -> list[str]:
    return [str(word) for word in Splitter(text, variables.get).words(0, in_backticks=False).words]


@for_each(
    "text, expected",
    [
        ("-X POST url", ["-X", "POST", "url"]),
        ("-d 'a b' -d \"c d\"", ["-d", "a b", "-d", "c d"]),
        ("-d 'it'\"'\"'s'", ["-d", "it's"]),
        ('-d "{\\"a\\": 1}"', ["-d", '{"a": 1}']),
        ("a \\\n  b", ["a", "b"]),
        ("a \\ \n b", ["a", "b"]),
        ("a ^\n b", ["a", "b"]),
        ("url \\ -H x \\ --data y", ["url", "-H", "x", "--data", "y"]),
        ("a\\ b", ["a b"]),
        ("a `\n b", ["a", "b"]),
        ("url -d a=b&c=d", ["url", "-d", "a=b&c=d"]),
        ("url && echo done", ["url"]),
        ("url | jq", ["url"]),
        ("url\nnext line", ["url"]),
        ("url\n  -H x", ["url", "-H", "x"]),
        ("'never closed", ["never", "closed"]),
        ("–X POST —data x", ["-X", "POST", "--data", "x"]),
        ("'grant\\_type=x'", ["grant_type=x"]),
    ],
)
def test_a_command_is_split_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_variables_are_replaced_if_the_paste_sets_them_and_else_named() -> None:
    assert words("\"$URL/token\" ${ID} '$ID' %PATH%", URL="http://a") == ["http://a/token", "{ID}", "$ID", "{PATH}"]


def test_base64_of_known_text_is_calculated_with_the_line_break_that_echo_adds() -> None:
    assert words("$(echo -n a:b | base64) $(echo a:b | base64) $(printf '%s' a:b | base64) $(cat x | base64)") == [
        "YTpi",
        "YTpiCg==",
        "YTpi",
        "{base64}",
    ]


def test_a_command_between_backticks_ends_with_the_second() -> None:
    assert [str(word) for word in Splitter("-k url` fails", lambda name: None).words(0, in_backticks=True).words] == [
        "-k",
        "url",
    ]
