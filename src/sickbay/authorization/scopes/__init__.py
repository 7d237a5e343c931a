"""Scope rules shared by every stage that accepts or grants scopes.

requested       requested scopes that can never be granted, and wrong characters between them
ordinary        requests whose scopes no check can refuse, which is nearly every request
granting        which requested scopes are granted, and why the others aren't
negotiation     which requested scopes were granted, and why a refresh token was issued or not
resource_types  the resource types of each FHIR version
permitted       whether granted scopes permit another one
supported       the scopes that discovery lists
"""
