"""An element with hundreds of thousands of attributes is refused before Expat reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.validation import narrative
from sickbay.fhir.xml import reader
from sickbay.fhir.xml.start_tags import MAXIMUM_ATTRIBUTES, SMALL, has_too_many_attributes

ATTRIBUTES_OF_A_LARGE_BODY = SMALL // 5
PADDING = "<p>= ' \"</p>" * (SMALL // 10)


def attributes(count: int, form: str = "a{} = '>'") -> str:
    return " ".join(form.format(number) for number in range(count))


@given(st.integers(0, 2 * MAXIMUM_ATTRIBUTES), st.sampled_from(["a{}='x'", 'xmlns:a{} = ">"', "a{}\n=\n'\"'"]))
def test_exactly_the_elements_with_more_attributes_are_found(count: int, form: str) -> None:
    text = f"<div>{PADDING}<p {attributes(count, form)}/></div>"
    assert has_too_many_attributes(text) == (count > MAXIMUM_ATTRIBUTES)


@pytest.mark.parametrize("text", ["=" * SMALL, "<p>" + "='x' " * SMALL, "<!--" + "a='x' " * SMALL + "-->", "", "<"])
def test_text_and_comments_are_not_attributes(text: str) -> None:
    assert not has_too_many_attributes(text)


def test_a_body_and_a_narrative_with_such_an_element_are_refused() -> None:
    body = f'<Basic xmlns="http://hl7.org/fhir"><code {attributes(ATTRIBUTES_OF_A_LARGE_BODY)}/></Basic>'
    with pytest.raises(ValueError, match="more than 1,000 attributes"):
        reader.loads("r4", body.encode())
    assert "more than 1,000 attributes" in str(
        narrative.check_div(f'<div xmlns="{narrative.XHTML}"><p {attributes(ATTRIBUTES_OF_A_LARGE_BODY)}/></div>')
    )
