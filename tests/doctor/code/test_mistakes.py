"""Each mistake is found in code that has it, with its lines, and not in the corrected code."""

from __future__ import annotations

from tests.doctor.texts import KNOWLEDGE
from tests.laws import for_each

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.doctor.code.find import requests_in
from sickbay.doctor.code.models import Mistake
from sickbay.doctor.code.request_mistakes import mistakes_in
from sickbay.doctor.code.text_mistakes import mistakes_in_text
from sickbay.doctor.diagnose import add_mistakes, diagnose

NOTHING = diagnose({"kind": "error_answer"}, ())
CURL = "curl https://auth.example.org/token -d grant_type=client_credentials"
FETCH = "fetch('https://auth.example.org/token', {method: 'POST', body: %s})"
URI = "http://localhost:3000/callback"
CASES: dict[str, tuple[str, str, tuple[int, int]]] = {
    "code-json-body": (
        "\nrequests.post('https://auth.example.org/token', json={'grant_type': 'client_credentials'})",
        "\nrequests.post('https://auth.example.org/token', data={'grant_type': 'client_credentials'})",
        (2, 2),
    ),
    "code-json-under-form-type": (
        "curl https://a.example/token -H 'Content-Type: application/x-www-form-urlencoded' \\\n-d '{\"grant_type\": \"x\"}'",
        "curl https://a.example/token -H 'Content-Type: application/x-www-form-urlencoded' \\\n-d 'grant_type=x'",
        (1, 2),
    ),
    "code-form-as-text": (
        FETCH % "'grant_type=client_credentials'",
        FETCH % "new URLSearchParams('grant_type=client_credentials')",
        (1, 1),
    ),
    "code-token-get": ("curl 'https://auth.example.org/token?grant_type=client_credentials'", CURL, (1, 1)),
    "code-authorization-by-script": (
        "fetch('https://auth.example.org/authorize?response_type=code&client_id=a')",
        "axios.get('https://auth.example.org/authorize?response_type=code&client_id=a', { maxRedirects: 0 })",
        (1, 1),
    ),
    "code-token-parameters-in-query": (
        "curl -X POST 'https://auth.example.org/token?grant_type=client_credentials'",
        CURL,
        (1, 1),
    ),
    "code-bearer-instead-of-basic": (
        'request.AddHeader("Authorization", "Bearer " + Convert.ToBase64String(Encoding.UTF8.GetBytes(id + ":" + secret)));',
        'request.AddHeader("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(id + ":" + secret)));',
        (1, 1),
    ),
    "code-basic-not-base64": (
        f"{CURL} -H 'Authorization: Basic my-app:s3cret'",
        f"{CURL} -H 'Authorization: Basic bXktYXBwOnMzY3JldA=='",
        (1, 1),
    ),
    "code-basic-newline": (
        f'{CURL} -H "Authorization: Basic $(echo $ID:$SECRET | base64 -w0)"',
        f'{CURL} -H "Authorization: Basic $(echo -n $ID:$SECRET | base64 -w0)"',
        (1, 1),
    ),
    "code-base64-wrapped": (
        f'{CURL} -H "Authorization: Basic $(echo -n $ID:$SECRET | base64)"',
        f'{CURL} -H "Authorization: Basic $(echo -n $ID:$SECRET | base64 -w 0)"',
        (1, 1),
    ),
    "code-redirect-to-launch": (
        "FHIR.oauth2.authorize({client_id: 'a',\nredirectUri: 'http://localhost:3000/launch.html'});",
        "FHIR.oauth2.authorize({client_id: 'a',\nredirectUri: 'http://localhost:3000/index.html'});",
        (2, 2),
    ),
    "code-aud-slash": (
        "const url = `${endpoint}?response_type=code\n&aud=${iss}/`;",
        "const url = `${endpoint}?response_type=code\n&aud=${iss}`;",
        (2, 2),
    ),
    "code-base64-twice": (
        'pair = client_id + ":" + secret\nonce = base64.b64encode(pair.encode())\nheader = base64.b64encode(once).decode()',
        'pair = client_id + ":" + secret\nonce = base64.b64encode(pair.encode())\nheader = "Basic " + once.decode()',
        (2, 3),
    ),
    "code-base64-android-default": (
        'val auth = "Basic " + Base64.encodeToString("$id:$secret".toByteArray(), Base64.DEFAULT)',
        'val auth = "Basic " + Base64.encodeToString("$id:$secret".toByteArray(), Base64.NO_WRAP)',
        (1, 1),
    ),
    "code-multipart-body": (
        "const f = new FormData(); f.append('grant_type', 'x');\n" + FETCH % "f",
        "const f = new URLSearchParams(); f.append('grant_type', 'x');\n" + FETCH % "f",
        (2, 2),
    ),
    "code-object-as-body": (FETCH % "{grant_type: 'x'}", FETCH % "new URLSearchParams({grant_type: 'x'})", (1, 1)),
    "code-options-in-body": (
        "axios.post(tokenUrl, {grant_type: 'x', headers: {Accept: 'application/json'}})",
        "axios.post(tokenUrl, new URLSearchParams({grant_type: 'x'}), {headers: {Accept: 'application/json'}})",
        (1, 1),
    ),
    "code-authorization-doubled": (
        "requests.get('https://ehr.example.org/Patient', headers={'Authorization': 'Bearer Bearer ' + token}, timeout=5)",
        "requests.get('https://ehr.example.org/Patient', headers={'Authorization': 'Bearer ' + token}, timeout=5)",
        (1, 1),
    ),
    "code-variable-not-inserted": (
        FETCH % "'grant_type=authorization_code&code=${code}'",
        FETCH % "`grant_type=authorization_code&code=${code}`",
        (1, 1),
    ),
    "code-body-question-mark": (FETCH % "'?grant_type=x&code=' + code", FETCH % "'grant_type=x&code=' + code", (1, 1)),
    "code-password-grant": ("curl https://auth.example.org/token -d 'grant_type=password&username=a'", CURL, (1, 1)),
    "code-challenge-from-hex": (
        "const hash = crypto.createHash('sha256').update(verifier).digest('hex');\nconst challenge = base64url(hash);",
        "const hash = crypto.createHash('sha256').update(verifier).digest();\nconst challenge = base64url(hash);",
        (1, 1),
    ),
    "code-fetch-no-cors": (
        "fetch(tokenUrl, {\n  method: 'POST',\n  mode: 'no-cors',\n})",
        "fetch(tokenUrl, {\n  method: 'POST',\n})",
        (3, 3),
    ),
    "code-callback-only-code": (
        "const tokens = await client.callback(redirectUri, {\n  code: req.query.code\n}, { code_verifier });",
        "const tokens = await client.callback(redirectUri, client.callbackParams(req), { code_verifier });",
        (1, 3),
    ),
    "code-requests-third-argument": (
        "\nresponse = requests.post(token_url, data, headers)",
        "\nresponse = requests.post(token_url, data=data, headers=headers)",
        (2, 2),
    ),
    "code-redirect-uris-differ": (
        f"location.href = base + '/authorize?response_type=code&redirect_uri={URI}';\n"
        + FETCH % f"new URLSearchParams({{grant_type: 'authorization_code', redirect_uri: '{URI}/'}})",
        f"location.href = base + '/authorize?response_type=code&redirect_uri={URI}';\n"
        + FETCH % f"new URLSearchParams({{grant_type: 'authorization_code', redirect_uri: '{URI}'}})",
        (2, 2),
    ),
    "code-secret-in-browser": (
        "const verifier = sessionStorage.getItem('v');\n" + FETCH % "new URLSearchParams({client_secret: 'k3y-of-app'})",
        "const verifier = sessionStorage.getItem('v');\n" + FETCH % "new URLSearchParams({client_id: 'my-app'})",
        (2, 2),
    ),
}
"""For each mistake: code that has it, the corrected code, and the lines that show it."""


def mistakes(code: str) -> dict[str, Mistake]:
    found = [mistake for request in requests_in(code) for mistake in mistakes_in(request, code)]
    return {mistake.id: mistake for mistake in (*found, *mistakes_in_text(code))}


@for_each("id, case", CASES.items())
def test_a_mistake_is_found_at_its_lines_and_not_in_the_corrected_code(id: str, case: tuple[str, str, tuple[int, int]]) -> None:
    wrong, corrected, lines = case
    found = mistakes(wrong)
    assert id in found
    assert found[id].lines == lines
    assert id not in mistakes(corrected)


def test_each_mistake_has_a_case() -> None:
    assert KNOWLEDGE.code.mistakes.keys() - {"code-read-in-part"} == CASES.keys()


def test_the_rules_that_say_the_same_as_a_mistake_exist() -> None:
    same = {id for text in KNOWLEDGE.code.mistakes.values() for id in text.same}
    assert same
    assert same <= BY_ID.keys()


@for_each("case", CASES.values())
def test_the_texts_have_no_names_that_were_not_replaced(case: tuple[str, str, tuple[int, int]]) -> None:
    for mistake in mistakes(case[0]).values():
        finding = add_mistakes(NOTHING, [mistake]).explanation.findings[0]
        for name in ("how", "cause", "part", "name", "language", "first", "second"):
            assert f"{{{name}}}" not in finding.title + finding.why + finding.fix


@for_each(
    "language, code",
    [
        ("curl", CURL),
        ("fetch", FETCH % "new URLSearchParams({grant_type: 'client_credentials', scope: 'system/*.read'})"),
        ("requests", "requests.post(token_url, data={'grant_type': 'refresh_token', 'refresh_token': t}, auth=(id, secret))"),
        ("curl", "curl -u my-app:s3cret https://auth.example.org/token -d 'grant_type=authorization_code&code=a%2Bb'"),
        ("axios", "axios.post('/api/token/', {username: u, password: p})"),
        ("fetch", "fetch('/api/token?code=' + code)"),
        ("curl", 'curl "https://ehr.example.org/Patient?name=$NAME" -H "Authorization: Bearer $TOKEN"'),
        (
            "fetch",
            "fetch(base + '/Patient', {method: 'POST', body: JSON.stringify(p), headers: {Authorization: `Bearer ${t}`}})",
        ),
        (
            "curl",
            "curl -X POST https://auth.example.org/register -H 'Content-Type: application/json' -d '{\"redirect_uris\": []}'",
        ),
    ],
)
def test_correct_code_has_no_mistakes(language: str, code: str) -> None:
    (request,) = requests_in(code)
    assert (request.language, mistakes_in(request, code)) == (language, [])
