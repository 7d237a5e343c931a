"""The pages of exchanges: what was sent, what was wrong with it, and what to send instead.

handlers, views      the page of one exchange, also as JSON, as text, and as markdown for agents
parameter_table      received and expected values; scope_table has the granted scopes, shown_bodies the bodies
code_samples         the corrected request as code
resend, resend_view  the page that edits a request and sends it again
listing, list_view   the list of exchanges and the list of launches; stream sends what is new
timelines            the page of one launch and its files; timeline_exports and har write the files
timeline_views       the view of that page; timeline_steps are its arrows
compare_launches     two launches side by side, with comparison_view
"""
