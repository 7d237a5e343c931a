"""The authorization request (RFC 6749 4.1.1, SMART 2.2): its checks, one file for each group of parameters; `stage` lists them.

A check needs only the request, the registration and the launch. Importing one file doesn't import the others.
"""
