"""The EHR: sign-in, schedule, patients, chart, and launching an app.

handlers      the pages over HTTP
schedule      the appointments of a day
chart         the parts of a chart; chart_data reads the record, allergies the allergies
app_tiles     the apps next to a chart
app_launch    launches an app
frame_notice  the page in the frame if the app can't be shown there
strip         the newest requests of the app in the frame
views         the views of all pages
"""
