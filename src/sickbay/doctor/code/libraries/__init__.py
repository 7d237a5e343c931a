"""The libraries whose requests are read, each with the functions that read its calls."""
