"""What each page shows: frozen values, and pure functions that make them. No store, no clock, no decision.

A page is `render.page(name, view, frame)`; the template of that name says which form posts what to which address.
"""
