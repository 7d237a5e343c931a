"""Rules about requests to any endpoint that can't be read at all: not UTF-8, or too large."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts

_UTF8 = (
    "URLs (RFC 3986, 2.5), forms (RFC 6749, appendix B) and FHIR resources (FHIR R4, 3.1.0.1.10) must be UTF-8. "
    "Byte {position} of the {part} is {received}"
)


def _is_nul(facts: Facts) -> Facts | None:
    return facts if facts["received"] in ("%00", "0x00") else None


def _is_latin1(facts: Facts) -> Facts | None:
    return facts if "meant" in facts else None


CONTAINS_NUL = Rule(
    id="request-contains-nul",
    explains="request-not-utf8",
    recognises=_is_nul,
    title="The request contains a null character in {place}",
    why="Byte {position} of the {part} is {received}, which is U+0000. Many databases can't store it, and some programs end "
    "the text there, so this server refuses it.",
    fix="Remove the null character. It often comes from a fixed-size buffer or from text in UTF-16.",
    spec=specs.rfc(3986, "7.3", "Back-End Transcoding"),
)

IN_LATIN1 = Rule(
    id="request-in-latin1",
    explains="request-not-utf8",
    recognises=_is_latin1,
    degree="probable",
    title="The request isn't valid UTF-8: {place} seems to be ISO-8859-1 or Windows-1252",
    why=_UTF8 + ", which means \u201c{meant}\u201d in ISO-8859-1 or Windows-1252 but isn't valid UTF-8.",
    fix="Encode the text as UTF-8: send `{corrected}` instead of `{received}`. In JavaScript, encodeURIComponent and "
    "URLSearchParams do this.",
    spec=specs.rfc(3986, "2.5", "Identifying Data"),
)

NOT_UTF8 = Rule(
    id="request-not-utf8",
    title="The request isn't valid UTF-8: {place} can't be decoded",
    why=_UTF8 + ", which isn't valid UTF-8.",
    fix="Encode the text as UTF-8 before you percent-encode it, and don't cut the text inside a character.",
    spec=specs.rfc(3986, "2.5", "Identifying Data"),
)

TOO_LARGE = Rule(
    id="request-too-large",
    title="The request body is larger than {limit} {unit}",
    why="Sickbay reads at most {limit} {unit} here, so that no request can use up its memory. It did not process this request.",
    fix="Send at most {limit} {unit}. If you need to send more, split it into several requests.",
    spec=specs.rfc(9110, "15.5.14", "413 Content Too Large"),
)
