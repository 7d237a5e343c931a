"""The developer portal: apps, registration, hospitals, the doctor and the rules."""
