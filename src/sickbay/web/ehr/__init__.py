"""The EHR: sign-in, schedule, patients, chart, and launching an app."""
