"""Walks: cold requests, the files that they enter between the ASGI call and the response, and figures about these files.

requests   the requests
recorder   what one request enters and calls
figures    decision depth, phases, back and forth, small files
"""
