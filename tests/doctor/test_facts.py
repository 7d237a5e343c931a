"""Each fact is computed from the pieces of a text, and false for another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest
from tests.doctor.texts import KNOWLEDGE, recognise
from tests.laws import for_each

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts import FACTS, TrueFacts

AUTHORIZE = (
    "https://ehr.example.org/authorize?response_type=code&client_id=growth-chart&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
    "&scope={scope}&state=k9idgCFpbJIr75aw30aA&aud=https%3A%2F%2Fehr.example.org%2Ffhir"
)
TOKEN = "curl -X POST https://ehr.example.org/token -H 'Content-Type: application/x-www-form-urlencoded' -d '{body}'"
CODE = "grant_type=authorization_code&code=abc123def456&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb&client_id=growth-chart"


def authorize(scope: str = "openid%20launch%2Fpatient") -> str:
    return AUTHORIZE.format(scope=scope)


def token(body: str = CODE) -> str:
    return TOKEN.format(body=body)


ENTRY = """{{"resourceType": "Bundle", "type": "transaction", "entry": [{{
  "resource": {{"resourceType": "Organization", "id": "Organization-RL121"}}, "request": {{"method": "PUT", "url": "{url}"}}
}}]}}"""
ASSERTION_TYPE = "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HEX_CHALLENGE = "ZTE4MTMxZGRlMjA2ZGJiZjAyNTMyZjU3NjM0MThmOTkxYTQ4Y2EyZjFhY2Y1NjRmOGI1YWE1ZjJhYTRkYTE3Ng"
"""64 hex digits in base64url."""
KEYS = '{{"typ": "JWT", "alg": "RS256", "kid": "a"}}\n{{"keys": [{{"kty": "RSA", "kid": "{kid}", "e": "AQAB", "n": "abc"}}]}}'
POSTED = """{{"resourceType": "Bundle", "type": "transaction", "entry": [
  {{{full_url}"resource": {{"resourceType": "Patient", "id": "0"}}, "request": {{"method": "POST", "url": "Patient"}}}},
  {{"resource": {{"resourceType": "Observation", "subject": {{"reference": "{reference}"}}}},
    "request": {{"method": "POST", "url": "Observation"}}}}]}}"""
CONTAINED = """{{"resourceType": "ExplanationOfBenefit", "contained": [{{"resourceType": "Coverage", "id": "c1"}}],
  "insurance": [{{"coverage": {{"reference": "{reference}"}}}}]}}"""

SEARCHSET = """GET https://ehr.example.org/r4/Patient?birthdate=1980-05-02

{{"resourceType": "Bundle", "type": "searchset", "link": [{{"relation": "self", "url": "{link}"}}]}}"""

TOKEN_HEADERS = "HTTP/1.1 200 OK\nServer: nginx\nContent-Type: application/json\nContent-Length: 61"
TOKEN_BODY = '{"access_token": "q3ZtR9wK2mV7", "token_type": "Bearer"}'

TRUE = {
    "token_expires_before_it_is_issued": '{"iss": "a", "sub": "a", "aud": "a:b", "exp": 1597186041, "iat": 1597186341}',
    "localhost_in_container": "Keycloak in docker compose: dial tcp 127.0.0.1:8080: connect: connection refused",
    "session_differs_in_frame": "In an iframe, the express sessionID is different for /launch and /app.",
    "has_internal_and_public_issuer": "issuer-uri: http://keycloak:8080/realms/a, and tokens have the public URL",
    "tells_of_client_credentials": "hydra perform client-credentials --endpoint http://127.0.0.1:4444/",
    "date_is_not_padded": '{"resourceType": "Patient", "birthDate": "1972-3-23"}',
    "time_has_no_zone": '{"resourceType": "Observation", "issued": "2023-12-19T15:45:58.663",',
    "birth_date_has_other_form": "The tests have a Patient with the birthDate 13/02/1999.",
    "tells_of_rotated_keys": "Once JWKS rotation occurs, the login fails.",
    "slice_below_minimum": "Bundle.entry:Composition: minimum required = 1, but only found 0",
    "element_below_minimum": "MedicationRequest.medication[x]: minimum required = 1, but only found 0",
    "assertion_type_is_another": "client_assertion_type=urn:ietf:params:oauth:grant-type:jwt-bearer&",
    "condition_has_no_question_mark": 'It fails without a "?": "ifNoneExist": "identifier=http://a.example|1"',
    "claim_list_is_text": '"groups":"[kubernetes:admin]"',
    "search_prefix_is_symbol": "/fhir/Patient?birthdate=%3E%3D1980-01-01",
    "condition_has_type": '"ifNoneExist": "Patient?identifier=http://a.example|1"',
    "searches_drugs_of_patient": "search = mo.Medication.where(struct={'patient': id})",
    "import_is_a_get": "GET /fhir/$import",
    "phone_redirect_is_web": "flutter: redirectUri: 'https://app.example.org/cb'",
    "system_is_value_set": '"system": "https://fhir.example.org/ValueSet/codes-1"',
    "icd10cm_code_has_icd10_system": '"system": "http://hl7.org/fhir/sid/icd-10", "code": "K80.00"',
    "bearer_is_opaque": "Authorization: Bearer O0PDdG2DjHQLLxOQYiPBT5qCbKtItgW3",
    "library_failed": "TypeError: a is undefined\n    at asFn (/app/node_modules/fhirpath/src/types.js:1799:11)",
    "instance_numbers_extensions": 'InstanceOf: A\n* extension[0].url = "http://a.example"',
    "verification_succeeds": "The verification was again successful.",
    "uses_device_code": "grant_type=urn:ietf:params:oauth:grant-type:device_code",
    "redirect_uri_has_other_scheme": "http://app.example.org:81/cb/start\n"
    + authorize().replace("org%2Fcb&", "org%2Fcb%2Fend&"),
    "connection_was_reset": "java.net.SocketException: Connection reset",
    "kubernetes_lacks_issuer": "k3s server '--kube-apiserver-arg' 'oidc-username-claim=email'",
    "callback_is_opened": "When I go to url: http://localhost/signin-oidc there is an error",
    "name_means_this_machine": "java.net.ConnectException: Connection refused: keycloak/127.0.0.1:9080",
    "document_names_localhost": "AUTH_SERVER_URL=http://host.docker.internal:9012 Connection refused: localhost/127.0.0.1:9012",
    "token_parameters_in_address": "localhost:8083/token?client_id=1&code=ab&grant_type=authorization_code",
    "grant_type_has_line_break": r"The supplied grant_type [authorization_code\r\n] is not supported.",
    "message_is_doubted": "Misleading error message: unknown client 7. The client ID is a valid one.",
    "header_has_line_break": "Unexpected char 0x0a at 82 in header value: Basic NnI2",
    "include_has_no_colon": "GET /MedicationRequest?_revinclude=Provenance answers 400",
    "error_reached_the_app": "Location: https://app.example.org/cb?state=1&error=invalid_request&error_description=Unsupported%20response",
    "verifier_is_malformed": '{"error_description": "PKCE verification failed: Invalid code verifier"}',
    "link_port_is_doubled": SEARCHSET.format(link="https://ehr.example.org:443:443/r4/Patient?birthdate=1980-05-02"),
    "link_has_inner_host": SEARCHSET.format(link="http://fhir.prod.svc.cluster.local/Patient?birthdate=1980-05-02"),
    "token_response_lacks_no_store": f"{TOKEN_HEADERS}\n\n{TOKEN_BODY}",
    "listed_headers_lack_no_store": f"{token('grant_type=client_credentials')}\n\nResponse headers:\n{TOKEN_HEADERS}",
    "host_is_unknown": "getaddrinfo ENOTFOUND ehr.example.org",
    "uuid_urn_has_no_uuid": '{"fullUrl": "urn:uuid:patient"}',
    "dollar_is_for_the_shell": "curl https://ehr.example.org/r4/$convert-data",
    "include_has_other_modifier": "GET /ServiceRequest?_include:iterative=*",
    "api_redirects_to_login": "GET /fhir/Patient/1\nHTTP/1.1 302 Found\nLocation: https://ehr.example.org/login",
    "lastn_lacks_criteria": "GET /fhir/Observation/$lastn?patient=1",
    "discovery_is_below_a_type": "GET https://fhir.example.org/r4/Patient/17/.well-known/smart-configuration answers 404",
    "aud_is_next_to_authorize": authorize().replace("//ehr.example.org/authorize", "//ehr.example.org/oauth2/authorize"),
    "realm_paths_differ_by_auth": "issuer https://id.example.org/realms/a, expected https://id.example.org/auth/realms/a",
    "fhir_address_refuses": "HTTPError: 401 Client Error: Unauthorized for url: https://fhir.example.org/r4/Patient",
    "server_is_the_phone": "AppAuth on Android: Network error. const config = { issuer: 'http://localhost:9080/auth' }",
    "phone_calls_http": "AppAuth on Android: Network error. const config = { issuer: 'http://10.0.2.2:9080/auth' }",
    "sends_challenge": authorize() + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "sends_nonce": authorize() + "&nonce=n-0S6_WzA2Mj",
    "sends_redirect_uri": authorize(),
    "sends_all_of_a_login": authorize(),
    "sends_refresh_token": token("grant_type=refresh_token&refresh_token=r3fr3sh&client_id=growth-chart"),
    "sends_scope_of_a_service": token("grant_type=client_credentials&scope=system%2F*.rs&client_id=growth-chart"),
    "sends_known_grant_type": token(),
    "sends_known_assertion_type": token(ASSERTION_TYPE),
    "is_about_a_login": f"{authorize()}\ninvalid_request",
    "shows_no_roles": "curl https://ehr.example.org/fhir/Patient/1 answers 403",
    "shows_access": "The bearer token is refused.",
    "registered_uri_is_encoded": "redirect_uris: ['http://localhost:4200', 'http%3A%2F%2Flocalhost%3A4200']",
    "launch_has_no_code": "https://app.example.org/launch?launch=xyz123&iss=https://ehr.example.org/fhir answers invalid_grant",
    "google_redirect_has_changing_port": "The redirect URI in the request, http://localhost:58903/, does not match",
    "api_denies_access": '{"code": 401, "error": {"message": "Invalid access token", "type": "access_denied"}}',
    "shows_network_failure": "Post https://idp.example.org/token: dial tcp: i/o timeout",
    "tells_a_solution": "It turned out that the secret had a line break.",
    "tells_what_is_right": "I double checked the redirect URI.",
    "server_failed": "POST https://ehr.example.org/token\n\nHTTP/1.1 502 Bad Gateway",
    "cors_hides_a_failure": "blocked by CORS policy: No 'Access-Control-Allow-Origin' header. It had status code 502.",
    "include_is_no_reference": "GET /fhir/Patient?_include=Patient:family answers 500",
    "reference_id_has_other_characters": '{"entity": {"reference": "Patient/fake_patient_id"}}',
    "cors_header_is_doubled": "(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘*, *’).",
    "header_is_named_authentication": "headers: {'Authentication': 'Bearer ' + token}",
    "shows_database": "SQLSTATE[HY000] [2002] Connection refused",
    "shows_fhir": "The search for Observation returns nothing",
    "callback_code_is_in_hash_route": "http://localhost:5007/#/callback?code=9F399AF8C8&state=b97ddcf6aa58",
    "has_cognito_group": '{"cognito:groups": ["practitioner"]}',
    "authorize_request": authorize(),
    "token_request": token(),
    "fhir_request": "curl https://ehr.example.org/fhir/Patient/17 -H 'Accept: application/fhir+json'",
    "redeems_code": token(),
    "refreshes": token("grant_type=refresh_token&refresh_token=abc"),
    "uses_client_credentials": token("grant_type=client_credentials&scope=system%2FPatient.rs"),
    "uses_password": token("grant_type=password&username=a&password=b"),
    "sends_assertion": token(f"{CODE}&client_assertion=a.b.c"),
    "sends_no_secret": token(),
    "sends_no_redirect_uri": token("grant_type=authorization_code&code=abc123def456&client_id=growth-chart"),
    "token_body_is_json": 'axios.post("/token", {"grant_type": "refresh_token"})',
    "token_parameters_in_query": "POST https://ehr.example.org/token?grant_type=authorization_code&code=abc",
    "assertion_is_empty": token(f"{CODE}&client_assertion="),
    "parameter_is_misspelled": "https://ehr.example.org/authorize?granttype=code",
    "url_has_line_breaks": "`https://ehr.example.org/authorize?\n  client_id=a\n  &scope=b`",
    "expected_value_has_blank": "Audience validation failed. ValidAudiences: ' api://clinic'",
    "discovery_mixes_http": '{"issuer": "https://a.example", "token_endpoint": "http://a.example/token"}',
    "is_operation_outcome": '{"resourceType": "OperationOutcome", "issue": []}',
    "sends_verifier": token(f"{CODE}&code_verifier=x"),
    "requests_offline_access": authorize("openid%20offline_access"),
    "requests_no_offline_access": authorize(),
    "requests_no_openid": authorize("launch%2Fpatient"),
    "scope_has_commas": authorize("openid,fhirUser"),
    "redirect_uri_is_http": "redirect_uri is http://app.example.org/cb behind nginx",
    "json_begins_otherwise": "invalid character '¨' looking for beginning of value",
    "callback_has_only_a_code": "it is https://app.example.org/cb?code=abc123def456 here",
    "form_is_refused": 'Unsupported media type "application/x-www-form-urlencoded" in request.',
    "code_was_issued": "it is https://app.example.org/cb?code=abc123def456&state=x here",
    "code_is_encoded_twice": token(CODE.replace("abc123def456", "4%252F0AX")),
    "new_entry_is_referenced_by_its_id": POSTED.format(full_url="", reference="Patient/0"),
    "search_has_no_question_mark": "GET https://ehr.example.org/fhir/PractitionerRole&specialty=1",
    "kid_is_not_in_key_set": KEYS.format(kid="b"),
    "element_is_of_another_version": "POST https://ehr.example.org/r5/Encounter answers Unknown element 'reasonReference'",
    "scopes_are_one_entry": "request scope 'openid,email'",
    "authorizes_and_initializes": "await smart(req, res).authorize({ tokenResponse: {} }); await smart(req, res).init()",
    "uses_two_ports_of_localhost": "client on http://localhost:8080, server on http://localhost:9090",
    "client_lacks_the_code_grant": '.authorizedGrantTypes("password", "refresh_token") /authorize?response_type=code',
    "algorithm_is_none": '{"typ": "JWT", "alg": "none"}',
    "credentials_are_url_encoded": "we URL-encoded the client ID and secret",
    "audience_differs": "aud mismatch: expected https://api.example.org but got https://other.example.org",
    "issuer_has_tenant_placeholder": "unexpected iss, expected https://login.microsoftonline.com/{tenantid}/v2.0",
    "search_is_not_handled": "does not know how to handle GET operation[Patient] with parameters [[patientid]]",
    "searches_are_not_handled": "does not know how to handle\n  GET operation[Patient] with parameters [[patientid, name]]",
    "is_of_dstu2": "https://ehr.example.org/dstu2/metadata answers 406",
    "calls_operation": "curl -X POST 'https://tx.example.org/r4/$closure' -H 'Accept: application/fhir+json'",
    "assertion_audience_is_list": 'client_assertion: {"iss": "a", "sub": "a", "aud": ["https://ehr.example.org/token"]}',
    "issuer_differs_by_slash": "Issuer (iss) claim mismatch; expected 'https://a.example/', found 'https://a.example'",
    "issuer_differs": "iss: expected 'https://a.example', got 'https://b.example'",
    "addresses_differ_by_slash": "https://a.example/fhir is not https://a.example/fhir/ here",
    "addresses_differ_by_scheme": "http://a.example/fhir and https://a.example/fhir",
    "addresses_differ_by_port": "https://a.example:8443/fhir and https://a.example/fhir",
    "mixes_loopback_hosts": "http://localhost:3000 opens http://127.0.0.1:3000/cb",
    "cookie_is_strict": "Set-Cookie: session=1; SameSite=Strict",
    "cookie_is_lost_at_post": "Set-Cookie: session=1; SameSite=Lax\nresponse_mode=form_post",
    "placeholder_is_left": "https://ehr.example.org/authorize?client_id=${CLIENT_ID}",
    "iss_and_sub_differ": '{"iss": "a", "sub": "b", "aud": "https://ehr.example.org/token", "exp": 1764493921, "jti": "x"}',
    "keys_are_private": "jwks_uri: https://localhost:8080/keys",
    "callback_is_root": "redirect_uri: 'http://localhost:3000/'",
    "token_is_from_the_future": "JWT not active yet, now 1642051718, nbf 1642051719",
    "secret_is_a_hash": '{"client_secret": "pbkdf2_sha256$720000$vPbYU3wK"}',
    "scheme_placeholder_has_path": "appAuthRedirectScheme: 'com.example.app:/callback'",
    "redirect_scheme_has_no_colon": "redirectUri: 'com.example.app//redirect'",
    "discovery_hosts_differ": '{"issuer": "https://a.example", "token_endpoint": "https://b.example/token"}',
    "key_is_istios_placeholder": '{"n": "RXJyb3ItSXN0aW9kRmFpbGVkVG9GZXRjaEp3a3NVcmktaHR0cHM6Ly9hLmV4YW1wbGUva2V5cw"}',
    "user_login_requests_system_scopes": "https://a.example/x?to=%2Fauthorize%3Faud%3Dx%26scope%3Dsystem%252FPatient.rs",
    "client_id_is_a_long_number": token("grant_type=client_credentials&client_id=321718170291339267"),
    "challenge_is_of_hex": f"code_challenge: `{HEX_CHALLENGE}`",
    "challenge_is_not_url_safe": "code_challenge='lokeXcw5iV7Y3CGiaOdzsX0KQ15dk9P5MCs8Bb3ZphE='",
    "parameter_name_has_blank": '{"grant_type": "password", "username": "a", "password": "b", "resource ": "https://ehr.example.org"}',
    "requests_no_scope": token("grant_type=client_credentials&client_id=growth-chart"),
    "lists_no_authorization_servers": '{"resource": "https://mcp.example.org/mcp", "authorization_servers": [ ]}',
    "appends_resource_well_known": "GET https://mcp.example.org/mcp/.well-known/oauth-protected-resource 404",
    "appends_server_well_known": "GET http://localhost:7425/general/.well-known/oauth-authorization-server 404",
    "resource_metadata_need_a_token": "GET /.well-known/oauth-protected-resource/mcp 401",
    "resource_metadata_are_html": "GET /.well-known/oauth-protected-resource\nHTTP/2 200\ncontent-type: text/html",
    "lists_an_endpoint_as_server": '{"authorization_servers": ["https://auth.example.org/oauth2/token"]}',
    "posts_to_mcp": "POST /mcp HTTP/1.1",
    "challenge_is_malformed": 'WWW-Authenticate: Bearer scope="patient/Patient.rs,openid"',
    "challenge_names_offline_access": 'WWW-Authenticate: Bearer scope="openid offline_access"',
    "token_in_mcp_url": "https://mcp.example.org/mcp?x=1&access_token=abc",
    "granted_scope_is_empty": '{"access_token": "abc", "token_type": "bearer", "scope": ""}',
    "entry_id_differs": ENTRY.format(url="Organization/RL121"),
    "reference_has_no_type": '{"resourceType": "AllergyIntolerance", "patient": {"reference": "9999999999"}}',
    "contained_reference_has_no_hash": CONTAINED.format(reference="Coverage/c1"),
    "element_is_not_as_defined": '{"resourceType": "Patient", "contact": {"gender": "male"}}',
    "system_is_a_value_set": '{"coding": [{"system": "http://hl7.org/fhir/ValueSet/observation-status"}]}',
    "extension_has_no_url": '{"extension": [{"id": "1", "valueString": "a"}]}',
    "resource_type_is_empty": '{"resourceType": ""}',
    "endpoint_is_no_url": '{"channel": {"type": "rest-hook", "endpoint": "hook"}}',
    "issues_only_inform": '"severity": "information", "code": "invalid", "diagnostics": "It is valid"',
    "reference_is_a_search": '{"reference": "Patient?identifier=17"}',
    "patient_has_type": '{"access_token": "abc", "patient": "Patient/123"}',
    "include_has_no_equals_sign": "GET /fhir/MedicationDispense?_include:MedicationRequest:medication",
    "format_is_short": "https://ehr.example.org/fhir/Patient/1?_format=json",
    "resources_are_in_an_object": '{"0": {"resourceType": "Patient"}, "1": {"resourceType": "Patient"}}',
    "has_version_1_scopes": "scope=patient/Observation.read",
    "redirect_uri_is_no_public_http": "error=invalid_redirect_uri, redirect_uri=http://localhost:8080/cb",
    "renews_silently": "prompt=none in Safari",
    "audience_differs_invisibly": "Audiences: 'flux'. Did not match: validationParameters.ValidAudience: ' flux'",
    "variable_name_has_blank": "new Client(ENV['FLUX_ID'], ENV['FLUX_SECRET '])",
    "challenge_is_sent_as_verifier": "It works with code_verifier=${CODE_CHALLENGE}",
    "key_is_for_encryption": "Failed to find key:074545a0-dc44_enc_rsa1_5 in jwks keys:[576b736c-a9fe_sig_rs256]",
    "scope_is_empty": "error_description=Invalid+scopes%3A+&state=1",
    "is_about_fhir": "The FHIR server is slow",
}
"""For each fact a text in which it is true."""
FALSE_IN = {
    "uses_two_ports_of_localhost": "client on http://localhost:8080, callback http://localhost:8080/cb",
    "client_lacks_the_code_grant": '.authorizedGrantTypes("password", "authorization_code") /authorize?response_type=code',
    "kid_is_not_in_key_set": KEYS.format(kid="a"),
    "search_has_no_question_mark": "GET https://ehr.example.org/fhir/PractitionerRole?active=true&specialty=1",
    "element_is_of_another_version": "POST https://ehr.example.org/r4/Encounter answers Unknown element 'reasonReference'",
    "new_entry_is_referenced_by_its_id": POSTED.format(
        full_url='"fullUrl": "https://a.example/Patient/0", ', reference="Patient/0"
    ),
    "token_expires_before_it_is_issued": '{"iss": "a", "sub": "a", "aud": "a:b", "exp": 1597186341, "iat": 1597186041}',
    "localhost_in_container": "Keycloak in docker compose: dial tcp 172.18.0.2:8080: connect: connection refused",
    "session_differs_in_frame": "In an iframe, the session is the same.",
    "has_internal_and_public_issuer": "issuer-uri: https://id.example.org/realms/a, the public URL",
    "tells_of_client_credentials": "grant_type=authorization_code, and then client_credentials",
    "date_is_not_padded": '{"resourceType": "Patient", "birthDate": "1972-03-23"}',
    "time_has_no_zone": '{"resourceType": "Observation", "issued": "2023-12-19T15:45:58.663+10:00",',
    "birth_date_has_other_form": "GET /Patient?birthdate=13/02/1999, and a Patient with the birthDate 1999-02-13.",
    "tells_of_rotated_keys": "Rotate the phone, and look for the keys below the keyboard.",
    "slice_below_minimum": "MedicationRequest.medication[x]: minimum required = 1, but only found 0",
    "element_below_minimum": "Bundle.entry:Composition: minimum required = 1, but only found 0",
    "assertion_type_is_another": "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&",
    "condition_has_no_question_mark": 'It fails without a "?": "ifNoneExist": "Task?identifier=http://a.example|1"',
    "claim_list_is_text": '"groups":["kubernetes:admin"]',
    "search_prefix_is_symbol": "/fhir/Patient?birthdate=ge1980-01-01&_count=<10>",
    "condition_has_type": '"ifNoneExist": "identifier=http://a.example|Patient?1"',
    "searches_drugs_of_patient": "search = mo.MedicationRequest.where(struct={'patient': id})",
    "import_is_a_get": "GET /fhir/$import-status/1",
    "phone_redirect_is_web": "flutter: redirectUri: 'com.example.app:/cb'",
    "system_is_value_set": '"valueSet": ["https://fhir.example.org/ValueSet/codes-1"]',
    "icd10cm_code_has_icd10_system": '"system": "http://hl7.org/fhir/sid/icd-10", "code": "K80.0"',
    "bearer_is_opaque": "Authorization: Bearer YOUR_ACCESS_TOKEN_AS_A_TEXT",
    "library_failed": "TypeError: a is undefined\n    at asFn (/app/src/types.js:1799:11)",
    "instance_numbers_extensions": 'Profile: A\n* extension[0].url = "http://a.example"',
    "verification_succeeds": "The verification was never successful.",
    "uses_device_code": "grant_type=authorization_code&device=1",
    "redirect_uri_has_other_scheme": "https://app.example.org:81/cb/start\n" + authorize(),
    "connection_was_reset": "The connection was secure, and the password was reset.",
    "kubernetes_lacks_issuer": "--kube-apiserver-arg oidc-username-claim=email --kube-apiserver-arg oidc-issuer-url=https://a.example",
    "callback_is_opened": "The provider redirects to http://localhost/signin-oidc?code=1&state=2",
    "name_means_this_machine": "java.net.ConnectException: Connection refused: localhost/127.0.0.1:9080",
    "document_names_localhost": "AUTH_SERVER_URL=http://localhost:9012 Connection refused: localhost/127.0.0.1:9012",
    "token_parameters_in_address": "POST localhost:8083/token with grant_type=authorization_code",
    "grant_type_has_line_break": "The supplied grant_type [authorization_code] is not supported.",
    "header_has_line_break": "Unexpected char 0x2026 at 12 in header value: Basic NnI2",
    "include_has_no_colon": "GET /Patient?_include=Patient%3Aorganization&_revinclude=Provenance:target&_include=*",
    "error_reached_the_app": "Location: https://app.example.org/cb?error=invalid_request&error_description=Bad+redirect_uri",
    "verifier_is_malformed": '{"error_description": "PKCE verification failed: Code mismatch"}',
    "launch_has_no_code": "https://app.example.org/launch?launch=xyz123&iss=https://ehr.example.org/fhir, POST /token code=a",
    "is_of_dstu2": "GET https://ehr.example.org/dstu2/metadata with Accept: application/json+fhir answers 406",
    "searches_are_not_handled": "does not know how to handle GET operation[Patient] with parameters [[patientid]]",
    "assertion_audience_is_list": '{"iss": "https://ehr.example.org", "sub": "a", "aud": ["b", "c"], "nonce": "x"}',
    "calls_operation": "curl 'https://tx.example.org/r4/ValueSet?url=a$b' -H 'Accept: application/fhir+json'",
    "registered_uri_is_encoded": "redirect_uris: ['http://localhost:4200'], redirect_uri=http%3A%2F%2Flocalhost%3A4200",
    "link_port_is_doubled": SEARCHSET.format(link="https://ehr.example.org:443/r4/Patient?birthdate=1980-05-02"),
    "link_has_inner_host": SEARCHSET.format(link="https://www.example.org/r4/Patient?birthdate=1980-05-02"),
    "token_response_lacks_no_store": f"{TOKEN_HEADERS}\nCache-Control: no-store\n\n{TOKEN_BODY}",
    "listed_headers_lack_no_store": f"{token('grant_type=client_credentials')}\n\n{TOKEN_BODY}",
    "host_is_unknown": "connect ECONNREFUSED 127.0.0.1:8080",
    "uuid_urn_has_no_uuid": '{"fullUrl": "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d"}, "urn:uuid:<uuid>"',
    "dollar_is_for_the_shell": "curl 'https://ehr.example.org/r4/$convert-data'",
    "include_has_other_modifier": "GET /ServiceRequest?_include:iterate=ServiceRequest:subject",
    "api_redirects_to_login": "GET /fhir/Patient/1\nHTTP/1.1 302 Found\nLocation: https://ehr.example.org/fhir/r4/Patient/1",
    "lastn_lacks_criteria": "GET /fhir/Observation/$lastn?patient=1&code=8867-4",
    "discovery_is_below_a_type": "GET https://fhir.example.org/r4/.well-known/smart-configuration answers 404",
    "aud_is_next_to_authorize": authorize().replace("//ehr.example.org/authorize", "//login.example.org/authorize"),
    "realm_paths_differ_by_auth": "issuer https://id.example.org/realms/a, expected https://id.example.org/auth/realms/b",
    "fhir_address_refuses": "HTTPError: 401 Client Error: Unauthorized for url: https://ehr.example.org/oauth2/token",
    "server_is_the_phone": "AppAuth on Android: { issuer: 'https://id.example.org', redirectUrl: 'http://localhost:9' }",
    "phone_calls_http": "AppAuth on Android: Network error. const config = { issuer: 'http://localhost:9080/auth' }",
    "assertion_is_empty": token(f"{CODE}&client_assertion=a.b.c"),
    "token_body_is_json": token(),
    "requests_no_openid": authorize("openid"),
    "requests_no_offline_access": authorize("openid%20offline_access"),
    "sends_no_secret": token(f"{CODE}&client_secret=s"),
    "json_begins_otherwise": "invalid character '<' looking for beginning of value",
    "callback_has_only_a_code": "it is https://app.example.org/cb?code=abc123def456&state=x here",
    "form_is_refused": 'Unsupported media type "application/json" in request.',
    "code_was_issued": authorize("openid&state=af0ifjsldkj"),
    "redirect_uri_is_http": "redirect_uri is http://app.example.org/cb for the scope https://www.example.net",
    "audience_differs": "aud: expected https://api.example.org but got https://api.example.org/",
    "discovery_mixes_http": '{"issuer": "https://a.example", "token_endpoint": "https://a.example/token"}',
    "iss_and_sub_differ": '{"iss": "a", "sub": "a", "aud": "https://ehr.example.org/token", "exp": 1764493921, "jti": "x"}',
    "cookie_is_lost_at_post": "Set-Cookie: session=1; SameSite=None\nresponse_mode=form_post",
    "keys_are_private": "jwks_uri: https://keys.example.org/jwks",
    "has_version_1_scopes": "scope=patient/Observation.rs",
    "callback_is_root": "redirect_uri: 'http://localhost:3000/callback'",
    "token_is_from_the_future": "JWT not active yet, now 1642051719, nbf 1642051718",
    "secret_is_a_hash": '{"client_secret": "s3cr3t$2b"}',
    "scheme_placeholder_has_path": "appAuthRedirectScheme: 'com.example.app'",
    "redirect_scheme_has_no_colon": "redirectUri: 'com.example.app://redirect'",
    "discovery_hosts_differ": '{"issuer": "https://a.example", "token_endpoint": "https://a.example/token"}',
    "user_login_requests_system_scopes": "https://a.example/session?to=%2Fauthorize%3Faud%3Dx%26scope%3Dopenid",
    "challenge_is_of_hex": "code_challenge: E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "challenge_is_not_url_safe": "code_challenge: E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "parameter_name_has_blank": '{"grant_type": "password", "username": "a", "password": "b", "resource": "https://ehr.example.org"}',
    "requests_no_scope": token("grant_type=client_credentials&client_id=growth-chart&scope=a"),
    "tells_a_solution": "I get a 401, and the problem isn't solved yet",
    "server_failed": 'HTTP/1.1 500 Internal Server Error\n\n{"error": "invalid_grant"}',
    "cors_hides_a_failure": "blocked by CORS policy: the preflight response has HTTP status 503",
    "include_is_no_reference": "GET /fhir/Observation?_include=Observation:subject answers 500",
    "reference_id_has_other_characters": '{"reference": "Patient/a-1.b"}, {"reference": "Patient?identifier=a_b"}',
    "cors_header_is_doubled": "CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://a.example’, https://b.example",
    "header_is_named_authentication": "AUTHENTICATION BEARER TOKEN: RS256. Proxy-Authentication: Basic realm=a",
    "entry_id_differs": ENTRY.format(url="Organization/Organization-RL121"),
    "reference_has_no_type": '{"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/9999999999"}}',
    "element_is_not_as_defined": '{"resourceType": "Patient", "name": [{"family": ["Mouse"]}], "gender": "female"}',
    "contained_reference_has_no_hash": CONTAINED.format(reference="#c1"),
    "system_is_a_value_set": '{"valueSet": "http://hl7.org/fhir/ValueSet/observation-status"}',
    "extension_has_no_url": '{"extension": [{"id": "1", "valueString": "a", "url": "b"}]}',
    "endpoint_is_no_url": '{"channel": {"type": "rest-hook", "endpoint": "{{host}}"}}',
    "issues_only_inform": '{"severity": "warning", "diagnostics": "a"}, {"severity": "error", "diagnostics": "b"}',
    "include_has_no_equals_sign": "GET /fhir/MedicationDispense?_include=MedicationDispense:medication",
    "format_is_short": "https://ehr.example.org/fhir/Patient/1?_format=application/fhir%2Bjson",
    "resources_are_in_an_object": '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}',
}
"""Texts that look alike, in which a fact is false."""


def compute(evidence: Evidence) -> Mapping[str, dict[str, str]]:
    return TrueFacts(evidence, KNOWLEDGE.facts)


def facts(text: str) -> Mapping[str, dict[str, str]]:
    return compute(recognise(text).evidence)


def test_each_fact_has_a_text() -> None:
    assert TRUE.keys() == FACTS.keys() | KNOWLEDGE.facts.keys()
    assert FACTS.keys().isdisjoint(KNOWLEDGE.facts)


def test_facts_are_computed_only_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def count(name: str, fact: Callable[[Evidence], object], evidence: Evidence) -> object:
        computed.append(name)
        return fact(evidence)

    for name, fact in FACTS.items():
        monkeypatch.setitem(FACTS, name, partial(count, name, fact))
    assert "audience_differs" in compute(Evidence(TRUE["audience_differs"]))
    assert computed == ["audience_differs"]


@for_each("name", TRUE)
def test_a_fact_is_true_in_its_text(name: str) -> None:
    assert name in facts(TRUE[name])


@for_each("name", FALSE_IN)
def test_a_fact_is_false_in_a_text_that_looks_alike(name: str) -> None:
    assert name not in facts(FALSE_IN[name])


def test_each_fact_says_what_it_means() -> None:
    said = {name: fact.__doc__ or "" for name, fact in FACTS.items()}
    said |= {name: described.means for name, described in KNOWLEDGE.facts.items()}
    assert [name for name, text in said.items() if not text.endswith(".")] == []
