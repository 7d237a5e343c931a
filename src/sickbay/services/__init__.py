"""Load, decide, store: one transaction each. No HTTP here, so that the command and the tests need none.

authorize        the authorization request; pending_authorization keeps it while login asks for user, patient and consent
token            the token endpoint, with client_authentication, client_credentials, key_sets, id_token and grants
introspection    describes a token and revocation ends one; token_lookup loads it; userinfo, logout
access           the decision on a FHIR request; token_cache, unknown_sender and origins are before it, refused_tokens after it
writing          creates, updates and deletes resources; app_state those of apps
everything       $everything; bulk_export, binaries, matching and terminology are other operations
empty_searches   why a search found nothing
launch           creates launches; launch_choices, launch_comparison and launch_progress read them
stall_watch      looks for stalled launches: recent_launches, shown_pages, lost_session, frame_check and ask_app tell it more
registration     apps; client_documents, fetched_documents: those with a URL as ID; enabling, app_limits, secret_rotation
authorized_apps  what a user authorized; users, patients and viewers are who sees what
sessions         browser sessions; class_mode has the students
journal          exchanges; live_exchanges tells listeners, clear_exchanges deletes them, lookup finds them
redaction        what may be kept of a request; used_passwords and kept_bodies for what must be masked
decision         the result of a stage; given_advice, recent_parameters and refused_tokens remember earlier ones
failed_attempts  counts them, and throttle makes a client wait
app_removal      removes an app with everything it was granted
hospitals        hospitals from a file; resources are the protected resources of one
injection        injected faults
resend           sends a recorded request again
clock            moves the clock; runtime_settings has what else changes at run time
loading          loads and exports resources; reindexing those of an older Sickbay
snapshot_files   a snapshot as a file; record_kinds and reset_revisions say what a reset does
context          the runtime and the tenant that every service gets; records turns values into stored ones
request_metrics  the metrics of requests
"""
