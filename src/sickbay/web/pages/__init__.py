"""The views of the pages: frozen values, and pure functions that make them. No store, no clock, no decisions.

`html_response.render(name, view, frame)` renders a page. The first line of each template lists its forms and their fields.
"""
