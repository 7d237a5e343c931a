"""The OAuth and OpenID Connect endpoints, one file each, and the pages they show."""
