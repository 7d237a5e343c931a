"""References that lead to a resource of the same base, and those that stay text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir.readable.references import Target, find_target, target_of

BASES = ("http://localhost:7425/general/r4", "http://localhost:7425/general/api/FHIR/R4")


@for_each(
    "reference, target",
    [
        ("Patient/p-1", Target("Patient", "p-1")),
        ("Patient/p-1/_history/2", Target("Patient", "p-1", "2")),
        (f"{BASES[0]}/Patient/p-1", Target("Patient", "p-1")),
        (f"{BASES[1]}/Patient/p-1/_history/2", Target("Patient", "p-1", "2")),
        ("#med-1", Target(contained="med-1")),
        ("http://localhost:7425/epic/r4/Patient/p-1", None),
        (f"{BASES[0]}x/Patient/p-1", None),
        ("http://evil.example/Patient/p-1", None),
        ("//evil.example/Patient/p-1", None),
        ("javascript:alert(1)", None),
        ("urn:uuid:1", None),
        ("Patient", None),
        ("Patient/", None),
        ("Patient/../x", None),
        ("Patient/p-1/_history/", None),
        ("Patient/p-1/_history/1/2", None),
        ("Patient/p-1?x=1", None),
        ("Patient?name=x", None),
        ("Nonsense/p-1", None),
        ("#", None),
        ('#"><script>', None),
        ("", None),
    ],
)
def test_only_a_resource_of_this_base_is_a_target(reference: str, target: Target | None) -> None:
    assert find_target("r4", reference, BASES) == target


@given(st.sampled_from(("", "#", "Patient/", f"{BASES[0]}/Patient/")), st.text(max_size=20))
def test_the_path_of_a_target_needs_no_encoding(prefix: str, rest: str) -> None:
    target = find_target("r4", prefix + rest, BASES)
    if target is not None:
        text = target.contained or target.path
        assert text.isascii()
        assert not set(text) & set("\"'<>&?#% :\\")


def test_a_binary_is_the_target_of_an_attachment_and_of_no_other_url() -> None:
    assert target_of("r4", "Attachment", {"url": "Binary/1"}, BASES) == Target("Binary", "1")
    assert target_of("r4", "CodeableReference", {"reference": {"reference": "Device/1"}}, BASES) == Target("Device", "1")
    assert target_of("r4", "uri", "Binary/1", BASES) is None
