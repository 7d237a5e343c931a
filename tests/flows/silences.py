"""Scripts of apps that stop at some step of a launch, each with the step that doesn't come and the true cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.flows.flow import REDIRECT
from tests.flows.silent_app import INCLUDE, PAGE, SilentApp

Script = Callable[[SilentApp], Awaitable[None]]
SYSTEM: dict[str, Any] = {
    "type": "system",
    "client": "symmetric",
    "scope": "system/*.rs",
    "auto_approve": None,
    "redirect_uris": [],
}


async def script_without_browser(app: SilentApp) -> None:
    await app.register()
    await app.flow.launch(app.app)


async def dead_app(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()


async def app_on_another_machine(app: SilentApp) -> None:
    await app.register(launch_uri="https://app.example.org/launch", redirect_uris=["https://app.example.org/cb"])
    await app.open_launch()


async def openid_document_below_fhir(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.discover("openid-configuration")


async def error_after_discovery(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.discover()


async def server_stops_after_discovery(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.discover(**{"User-Agent": "python-requests/2"})


async def script_launch_then_discovery(app: SilentApp) -> None:
    await app.register()
    await app.flow.launch(app.app)
    await app.discover()


async def client_that_does_not_follow(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.authorize(scope="openid launch/patient patient/*.rs")


async def sign_in_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.show_page(await app.authorize(scope="openid launch/patient patient/*.rs"))


async def picker_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    request = await app.show_page(await app.authorize(scope="openid launch/patient patient/*.rs"))
    await app.show_page(await app.answer_page(request, account="okafor"))


async def consent_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.open_launch()
    request = await app.show_page(await app.authorize())
    await app.show_page(await app.answer_page(request, account="okafor"))


async def strict_mode(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.show_page(await app.authorize(scope="openid launch/patient patient/*.rs"))
    await app.authorize(scope="openid launch/patient patient/*.rs", state="aNother5tateThatIsLongEnough0123")


async def callback_with_an_error(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.discover()
    await app.authorize()


async def credentials_at_the_token_endpoint(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.send_preflight("/general/oauth/token", "POST", "content-type,x-requested-with")


async def credentials_on_a_busy_server(app: SilentApp) -> None:
    """Many preflights of another app follow."""
    await credentials_at_the_token_endpoint(app)
    app.wait(1)
    origin = "http://localhost:8300"
    other = await app.flow.register(launch_uri=f"{origin}/launch", redirect_uris=[f"{origin}/cb"])
    await app.flow.http.get(f"/general/ehr/launch?app={other['app_id']}&patient=p-0002")
    sent = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for _ in range(30):
        await app.flow.http.options("/general/r4/Patient/p-0002", headers=sent)


async def token_request_at_the_authorization_endpoint(app: SilentApp) -> None:
    await callback_with_an_error(app)
    app.wait(1)
    form = {"grant_type": "authorization_code", "code": app.code, "client_id": app.app["client_id"]}
    answer = await app.flow.http.post("/general/oauth/authorize", data=form)
    assert "code=" not in answer.headers.get("location", "")


async def token_request_at_a_guessed_address(app: SilentApp) -> None:
    await callback_with_an_error(app)
    form = {"grant_type": "authorization_code", "code": app.code, "client_id": app.app["client_id"]}
    assert (await app.flow.http.post("/general/oauth2/token", data=form)).status_code == 404


async def double_click(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    app.wait(1)
    await app.open_launch()
    await app.authorize()
    await app.redeem_code()
    await app.read()


async def endpoints_at_a_guessed_address(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.discover("smart-configuration.json")


async def user_who_launches_again(app: SilentApp) -> None:
    await callback_with_an_error(app)
    app.wait(5)
    await app.open_launch()
    await app.authorize()
    await app.redeem_code()
    await app.read()


async def start_page_at_the_redirect_uri(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.discover()


async def start_page_that_asks_again(app: SilentApp) -> None:
    await callback_with_an_error(app)
    app.launch = ""
    await app.authorize(scope="openid fhirUser", state="aNother5tateThatIsLongEnough0123")


async def one_page_for_both(app: SilentApp) -> None:
    await app.register(launch_uri=REDIRECT)
    await app.open_launch()
    await app.authorize()


async def another_host(app: SilentApp) -> None:
    await app.register(launch_uri="http://127.0.0.1:8100/launch")
    await app.open_launch()
    await app.authorize()


async def another_port(app: SilentApp) -> None:
    await app.register(launch_uri="http://localhost:3000/launch")
    await app.open_launch()
    await app.authorize()


async def no_state(app: SilentApp) -> None:
    await app.register(policy={"state_required": False})
    await app.open_launch()
    await app.authorize(state=None)


async def no_native_app(app: SilentApp) -> None:
    await app.register(native=True, redirect_uris=["com.example.notes:/callback"], launch_uri=None)
    await app.authorize(redirect_uri="com.example.notes:/callback", scope="openid fhirUser user/*.rs")


async def server_in_a_container(app: SilentApp) -> None:
    await app.register(launch_uri=None, redirect_uris=["https://app.example.org/cb"])
    await app.authorize(redirect_uri="https://app.example.org/cb", scope="openid fhirUser user/*.rs")


async def token_left(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.redeem_code()


async def credentials_at_the_fhir_server(app: SilentApp) -> None:
    await token_left(app)
    await app.send_preflight("/general/r4/Patient/p-0001", "GET", "authorization")


async def unreadable_token_response(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.redeem_code(**PAGE, **INCLUDE)


async def moved_clock(app: SilentApp) -> None:
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    await callback_with_an_error(app)
    await app.redeem_code()


async def short_token(app: SilentApp) -> None:
    await app.register(token_lifetime=10)
    await app.open_launch()
    await app.authorize()
    await app.redeem_code()


async def no_patient(app: SilentApp) -> None:
    await app.register()
    launch = await app.flow.http.post("/admin/launches", json={"app": app.app["app_id"]})
    app.launch = launch.json()["launch"]
    await app.authorize(scope="launch openid user/Patient.rs")
    await app.redeem_code()


async def narrower_scopes(app: SilentApp) -> None:
    await app.register(scope="launch openid fhirUser patient/Patient.rs", scope_mode="lenient")
    await app.open_launch()
    await app.authorize()
    await app.redeem_code()


async def expired_without_refresh(app: SilentApp) -> None:
    await app.register()
    await app.complete_launch()
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    assert (await app.read()).status_code == 401


async def let_token_expire_with_refresh(app: SilentApp) -> None:
    await app.register()
    await app.complete_launch(scope="launch online_access patient/Patient.rs")
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    assert (await app.read()).status_code == 401


async def revoke(app: SilentApp) -> None:
    await app.register()
    await app.complete_launch()
    await app.flow.http.post("/general/oauth/revoke", data={"token": app.token, "client_id": app.app["client_id"]})
    assert (await app.read()).status_code == 401


async def refused_refresh(app: SilentApp) -> None:
    await app.register()
    await app.complete_launch(scope="launch online_access patient/Patient.rs")
    used = app.refresh_token
    assert (await app.refresh()).status_code == 200
    app.wait(20)
    app.refresh_token = used
    assert (await app.refresh()).status_code == 400


async def service_token(app: SilentApp) -> None:
    await app.register(**SYSTEM)
    data = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    secret = (app.app["client_id"], app.app["client_secret"])
    answer = await app.flow.http.post("/general/oauth/token", data=data, auth=secret)
    assert answer.status_code == 200, answer.text
    app.token = answer.json()["access_token"]


async def export(app: SilentApp) -> str:
    await service_token(app)
    started = await app.read("$export?_type=Patient", Accept="application/fhir+json", Prefer="respond-async")
    assert started.status_code == 202, started.text
    return str(started.headers["content-location"])


async def token_endpoint_with_a_fault(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.flow.http.post("/admin/faults", json={"kind": "status", "status": 503, "stage": "token"})
    form = {"grant_type": "authorization_code", "code": app.code, "client_id": app.app["client_id"]}
    assert (await app.flow.http.post("/general/oauth/token", data=form)).status_code == 503


async def token_without_patient_by_a_fault(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.flow.http.post("/admin/faults", json={"kind": "no-patient"})
    assert "patient" not in await app.redeem_code()


async def export_never_polled(app: SilentApp) -> None:
    await export(app)


async def export_polled_once(app: SilentApp) -> None:
    status = await app.flow.http.get(await export(app), headers={"Authorization": f"Bearer {app.token}"})
    assert status.status_code == 202


async def export_without_files(app: SilentApp) -> None:
    address = await export(app)
    app.wait(3)
    status = await app.flow.http.get(address, headers={"Authorization": f"Bearer {app.token}"})
    assert status.status_code == 200


async def export_deleted_without_files(app: SilentApp) -> None:
    address = await export(app)
    headers = {"Authorization": f"Bearer {app.token}"}
    assert (await app.flow.http.get(address, headers=headers)).status_code == 202
    app.wait(3)
    assert (await app.flow.http.get(address, headers=headers)).status_code == 200
    assert (await app.flow.http.delete(address, headers=headers)).status_code == 202


SILENCES: list[tuple[Script, str, str]] = [
    (script_without_browser, "discovery", "launch-url-not-opened"),
    (dead_app, "discovery", "launch-nothing-arrived"),
    (app_on_another_machine, "discovery", "iss-unreachable"),
    (openid_document_below_fhir, "discovery", "discovery-address-wrong"),
    (error_after_discovery, "authorize", "authorize-not-sent"),
    (server_stops_after_discovery, "authorize", "authorize-not-sent"),
    (script_launch_then_discovery, "authorize", "authorize-not-sent"),
    (client_that_does_not_follow, "login", "sign-in-page-not-opened"),
    (sign_in_left, "login", "sign-in-page-left"),
    (picker_left, "login", "context-page-left"),
    (consent_left, "login", "consent-page-left"),
    (strict_mode, "login", "sign-in-superseded"),
    (callback_with_an_error, "token", "code-not-redeemed"),
    (credentials_at_the_token_endpoint, "token", "token-preflight-blocked"),
    (credentials_on_a_busy_server, "token", "token-preflight-blocked"),
    (token_request_at_the_authorization_endpoint, "token", "token-request-at-authorize"),
    (token_request_at_a_guessed_address, "token", "token-address-wrong"),
    (double_click, "discovery", "launch-superseded"),
    (endpoints_at_a_guessed_address, "discovery", "discovery-address-wrong"),
    (user_who_launches_again, "token", "code-not-redeemed"),
    (start_page_at_the_redirect_uri, "token", "redirect-page-starts-again"),
    (start_page_that_asks_again, "token", "redirect-page-starts-again"),
    (one_page_for_both, "token", "redirect-page-starts-again"),
    (another_host, "token", "redirect-uri-other-origin"),
    (another_port, "token", "redirect-uri-other-origin"),
    (no_state, "token", "state-not-sent"),
    (no_native_app, "token", "redirect-scheme-unhandled"),
    (server_in_a_container, "token", "token-endpoint-unreachable"),
    (token_left, "access", "token-not-used"),
    (credentials_at_the_fhir_server, "access", "fhir-preflight-blocked"),
    (unreadable_token_response, "access", "token-response-unreadable"),
    (moved_clock, "access", "id-token-other-clock"),
    (short_token, "access", "token-lifetime-too-short"),
    (no_patient, "access", "token-without-patient"),
    (narrower_scopes, "access", "token-scopes-narrowed"),
    (expired_without_refresh, "refresh", "expired-token-no-refresh-token"),
    (let_token_expire_with_refresh, "refresh", "expired-token-not-refreshed"),
    (revoke, "refresh", "unauthorized-then-silence"),
    (refused_refresh, "launch", "refresh-refused-no-new-launch"),
    (service_token, "access", "token-not-used"),
    (token_endpoint_with_a_fault, "token", "fault-injected"),
    (token_without_patient_by_a_fault, "access", "fault-injected"),
    (export_never_polled, "export", "export-not-polled"),
    (export_polled_once, "export", "export-polling-stopped"),
    (export_without_files, "export", "export-files-not-fetched"),
]


"""The script, the awaited step, and the first likely cause."""
