"""The journal of exchanges: recording, redaction, reading, and comparison with other dialects."""
