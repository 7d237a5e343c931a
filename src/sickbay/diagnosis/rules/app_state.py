"""Rules of the endpoint at which apps keep their own state."""

from sickbay.diagnosis.rule import Rule, Spec

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
    stage="app_state",
    explains="app-state-too-large",
    severity="error",
    outcome="413",
    title="The state has {received} bytes, and may have {expected}",
    why="App state is for settings and keys. What is larger has a place of its own in FHIR, or at the app's own server.",
    fix="Keep less in it, {expected} bytes with everything around it, or divide it among several codes.",
    spec=CREATE,
)

PROFILE = Rule(
    id="app-state-not-in-profile",
    stage="app_state",
    explains="app-state-not-in-profile",
    severity="error",
    outcome="422",
    title="The Basic resource is no app state: {count} faults",
    why="{said}",
    fix="Mend what stands at {names}: a code, perhaps a subject, and extensions that hold a valueString.",
    spec=CREATE,
)

OTHER_SUBJECT = Rule(
    id="app-state-other-subject",
    stage="app_state",
    explains="app-state-other-subject",
    severity="error",
    outcome="403",
    title="This token may not keep a state of {received} under {code}",
    why="A patient/ scope is of the patient at hand, a user/ scope of the person who signed in, of this person's patients "
    "and of the app as a whole; ?code= narrows it to that code. Held: {held}.",
    fix="Keep it about {expected}, or ask for a scope that reaches further, such as user/Basic.cuds.",
    spec=ACCESS,
)

NOT_THERE = Rule(
    id="app-state-not-there",
    stage="app_state",
    explains="app-state-not-there",
    severity="error",
    outcome="412",
    title="Your app keeps no {received} that this token may change",
    why="It was deleted, it is another app's, it is out of this token's reach, or it never was: which of these is not told.",
    fix="Search for it by its code and subject, and use the id and the ETag that come back; create it where nothing does.",
    spec=DELETES,
)

MOVED = Rule(
    id="app-state-moved",
    stage="app_state",
    explains="app-state-moved",
    severity="error",
    outcome="412",
    title="The update would give the state another subject or another code",
    why="It is {expected}; you sent {received}. By these two an app finds its state, so they stay as they are.",
    fix="Send it as {expected}, or create another state and delete this one.",
    spec=UPDATES,
)

UNCLEAR = Rule(
    id="app-state-query-unclear",
    stage="app_state",
    explains="app-state-query-unclear",
    severity="error",
    outcome="400",
    title="The query does not say exactly which state it is about",
    why="You sent {received}. {said}",
    fix="Ask Basic?code=system|code with subject=<absolute address>, or with subject:missing=true for the app's own.",
    spec=QUERY,
)

RULES = (TOO_LARGE, PROFILE, OTHER_SUBJECT, NOT_THERE, MOVED, UNCLEAR)
