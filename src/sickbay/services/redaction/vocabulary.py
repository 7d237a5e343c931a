"""Well-known words that may be kept of a request: names of parameters, headers, types and elements."""

from __future__ import annotations

import re
from functools import cache

from sickbay.authorization.registration.metadata import LISTS, METHODS, TEXTS
from sickbay.diagnosis.placeholders import PLACES
from sickbay.fhir.definitions import load_names
from sickbay.fhir.operations.registry import OPERATIONS
from sickbay.fhir.search.parameters import COMMON, RESULT
from sickbay.fhir.search.suggestions import COLLOQUIAL
from sickbay.kernel.memoize import cache_results


def read_words(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


OAUTH = read_words(
    """
    response_type client_id redirect_uri scope state aud launch code_challenge code_challenge_method nonce response_mode
    prompt max_age display ui_locales id_token_hint login_hint acr_values audience resource iss request request_uri
    grant_type code code_verifier refresh_token client_secret client_assertion client_assertion_type assertion username
    password access_token id_token token token_type token_type_hint expires_in post_logout_redirect_uri logout_hint
    error error_description error_uri need_patient_banner smart_style_url patient encounter intent tenant fhirContext
    appContext active sub exp iat app user fhir_context app_context csrf decision reference q id as framed anyway seed card
    task
    """
)
METADATA = frozenset((*TEXTS, *LISTS)) | read_words(
    """
    client_uri logo_uri tos_uri policy_uri contacts jwks keys kty kid use alg crv x y n e d p dp dq qi k oth key_ops
    software_id software_version name type client fhir smart_version pkce native scope_mode scopes token_lifetime
    auto_approve client_id_issued_at client_secret_expires_at registration_access_token registration_client_uri
    id_token_signed_response_alg id_token_encrypted_response_alg id_token_encrypted_response_enc
    userinfo_signed_response_alg userinfo_encrypted_response_alg userinfo_encrypted_response_enc
    request_object_signing_alg request_object_encryption_alg request_object_encryption_enc request_uris
    token_endpoint_auth_signing_alg default_max_age require_auth_time default_acr_values subject_type
    sector_identifier_uri dpop_bound_access_tokens tls_client_certificate_bound_access_tokens tls_client_auth_subject_dn
    require_signed_request_object require_pushed_authorization_requests authorization_details_types
    frontchannel_logout_uri frontchannel_logout_session_required backchannel_logout_uri
    backchannel_logout_session_required
    """
)
METHODS_OF_HTTP = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"))
HEADERS = read_words(
    """
    accept accept-encoding accept-language authorization cache-control content-encoding content-length content-type
    cookie dpop if-match if-modified-since if-none-exist if-none-match origin prefer referer user-agent x-correlation-id
    x-request-id x-requested-with
    """
)
ALGORITHMS = read_words(
    """
    RSA EC oct OKP sig enc RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 HS256 P-256 P-384 P-521 AQAB sign verify none
    """
)
_SEGMENTS = """
    admin apps users launches tokens exchanges timelines clock policies faults snapshots reset openapi.json restore developer
    docs doctor healthz readyz metrics rules static theme explorer sign-in sign-out register edit secret policy cards remove
    hospitals oauth oauth2 oauth2.0 authorize authorization authorise auth token tokens introspect introspection revoke
    revocation register registration jwks jwks.json keys userinfo manage logout end_session continue ehr patients open
    launch launch.html callback redirect cb index.html index.htm home app login error errors instances .well-known
    smart-configuration openid-configuration metadata r2 r3 r4 r5 r4b dstu2 stu3 fhir api v1 v2 smart smart-v1 profiles
    personas provider patient protocols tenants interconnect-fhir-oauth FHIR R4 DSTU2 STU3 well-known connect realms
    _search _history favicon.ico robots.txt requests callback.html redirect.html smart-app
"""
ADDRESSES = read_words(_SEGMENTS)
CONTROLS = read_words(
    """
    _since _until _at _type _typeFilter _outputFormat _filter _query _contained _containedType _offset _page _getpages
    _cursor _maxresults _score _graph page start end url system valueSet valueset display version abstract count offset
    filter date context contextDirection codeA codeB source target targetsystem max mode profile operation property
    displayLanguage activeOnly includeDesignations
    """
)
MODIFIERS = read_words(
    """
    exact contains text not above below in not-in of-type identifier missing type iterate recurse code-text
    text-advanced
    """
)
_SQUEEZED = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
FAR = 40
"""The longest name, in characters, that may count as a misspelling of a known one."""
_NAMES = load_names()
TYPES = frozenset(_NAMES["types"])
"""The resource types of every version."""
SEARCHES = frozenset((*_NAMES["search"], *COMMON, *RESULT, *COLLOQUIAL, *CONTROLS)).union(
    *(operation.takes or () for operation in OPERATIONS)
)
"""The names of search parameters in all versions, including those that control a search."""
ELEMENTS = frozenset(_NAMES["elements"])
"""The names of elements in all versions, including choice elements with each of their types."""


@cache
def words_of_explanations() -> frozenset[str]:
    """The words of Sickbay's own explanations, in lower case."""
    from sickbay.diagnosis.catalogue import RULES  # a server that starts needs none

    texts = (f"{rule.title} {rule.why} {rule.fix} {rule.stage} {rule.id}" for rule in RULES)
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text)) | {
        placeholder.lower() for placeholder in PLACES
    }


@cache
def list_names() -> frozenset[str]:
    """Names of parameters, in lower case without punctuation."""
    return frozenset(map(letters_of, OAUTH | METADATA | HEADERS | METHODS.keys()))


@cache_results(1024)
def letters_of(name: str) -> str:
    return _SQUEEZED.sub("", name).lower()


def resembles_any(name: str, known: frozenset[str]) -> bool:
    """Whether `name` is one of `known` or a misspelling with one or two errors, ignoring case and punctuation."""
    if not name or len(name) > FAR:
        return False
    return _resembles_word(letters_of(name), known)


@cache_results(1024)
def _resembles_word(short: str, words: frozenset[str]) -> bool:
    if short in words:
        return True
    if len(short) < 4 or any(letter.isdigit() for letter in short):
        return False
    slips = 1 if len(short) < 7 else 2
    return any(abs(len(word) - len(short)) <= slips and _is_near(short, word, slips) for word in words)


def _is_near(word: str, other: str, slips: int) -> bool:
    """Whether at most `slips` letters are added, left out or replaced, or two adjacent ones swapped."""
    if len(other) < 4:
        return False
    beyond = slips + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, letter in enumerate(word, 1):
        previous, older = row, before
        row = [beyond] * (len(other) + 1)
        if index <= slips:
            row[0] = index
        for place in range(max(1, index - slips), min(len(other), index + slips) + 1):
            wanted = other[place - 1]
            best = min(previous[place] + 1, row[place - 1] + 1, previous[place - 1] + (letter != wanted))
            if index > 1 and place > 1 and letter == other[place - 2] and word[index - 2] == wanted:
                best = min(best, older[place - 2] + 1)
            row[place] = best
        before = previous
        if min(row) > slips:
            return False
    return row[-1] <= slips


@cache
def list_segments() -> frozenset[str]:
    """Parts of Sickbay's own URLs, including resource types, in lower case without punctuation."""
    return frozenset(
        map(letters_of, ADDRESSES | TYPES | {operation.name for operation in OPERATIONS} | {"bulkdata-status", "Binary"})
    )


@cache
def words_of_searches() -> frozenset[str]:
    """Words in a search parameter with its chain and modifiers, in lower case without punctuation."""
    return frozenset(map(letters_of, SEARCHES | TYPES | MODIFIERS))


@cache
def list_kinds() -> dict[str, frozenset[str]]:
    """Name of a search parameter -> its kinds in any version and type: token, string, date, reference, ..."""
    return {code: frozenset(kinds) for code, kinds in _NAMES["search"].items()}


@cache
def load_everyday_words() -> frozenset[str]:
    """Words that reveal nothing wherever they come from, in lower case: those of our explanations, of OAuth and of FHIR."""
    own = (*OAUTH, *METADATA, *HEADERS, *METHODS_OF_HTTP, *ADDRESSES, *TYPES, *SEARCHES, *ELEMENTS, *_NAMES["codes"])
    return (
        words_of_explanations()
        | {word.lower() for name in own for word in _WORD.findall(name)}
        | {algorithm.lower() for algorithm in ALGORITHMS}
    )
