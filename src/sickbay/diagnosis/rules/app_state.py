"""Rules about the endpoint at which apps store their own state."""

from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.wording import add_count

_PAGE = "https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html"
CREATE = Spec("SMART App Launch 2.2, Persisting App State: Create", f"{_PAGE}#create")
UPDATES = Spec("SMART App Launch 2.2, Persisting App State: Updates", f"{_PAGE}#updates")
DELETES = Spec("SMART App Launch 2.2, Persisting App State: Deletes", f"{_PAGE}#deletes")
QUERY = Spec("SMART App Launch 2.2, Querying app state", f"{_PAGE}#querying-app-state")
ACCESS = Spec(
    "SMART App Launch 2.2, Persisting App State: Security and Access controls", f"{_PAGE}#security-and-access-controls"
)

TOO_LARGE = Rule(
    id="app-state-too-large",
    title="The app state is too large: {received} bytes, maximum {expected}",
    why="App state is for settings and keys. Store larger data as FHIR resources or on the app's own server.",
    fix="Store at most {expected} bytes, including the resource around the data. If you need more, split it across several "
    "codes.",
    spec=CREATE,
)

PROFILE = Rule(
    id="app-state-not-in-profile",
    recognises=add_count,
    title="The Basic resource isn't valid app state: {counted}",
    why="{said}",
    fix="Correct {names}. App state has a code, an optional subject, and extensions with a valueString.",
    spec=CREATE,
)

OTHER_SUBJECT = Rule(
    id="app-state-other-subject",
    title="The token's scopes don't allow app state of `{received}` under {code}",
    why="With `patient/` scopes you can store state only for the patient in context. With `user/` scopes you can also store it "
    "for the user, their patients, and the app. A scope with ?code= is limited to that code. The token has `{held}`.",
    fix="Store the state for {expected}. If your app needs more, request a wider scope such as `user/Basic.cuds`.",
    spec=ACCESS,
)

NOT_THERE = Rule(
    id="app-state-not-there",
    title="The app has no state `{received}` that this token may change",
    why="It may be deleted, belong to another app, be outside the token's scopes, or have never existed. To protect other "
    "data, the server doesn't say which.",
    fix="Search for the state by its code and subject, and use the id and ETag that are returned. If nothing is found, "
    "create it.",
    spec=DELETES,
)

MOVED = Rule(
    id="app-state-moved",
    title="The update would change the subject or the code of the app state",
    why="The app finds its state by these two, so they can't change. The state is {expected}, and you sent {received}.",
    fix="Send the update with {expected}. If the state has to change, create a new one and delete this one.",
    spec=UPDATES,
)

UNCLEAR = Rule(
    id="app-state-query-unclear",
    title="The query doesn't identify one app state: `{received}`",
    why="{said}",
    fix="Request `Basic?code=system|code` with `subject=<absolute URL>`. For state of the app itself, use "
    "`subject:missing=true`.",
    spec=QUERY,
)
