"""Rules about sign-in and consent: what the user decided, and what the token response then lacks."""
