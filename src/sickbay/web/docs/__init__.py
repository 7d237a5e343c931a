"""The documentation at `/docs`: the Markdown pages of the folder docs/ as HTML, with navigation and search."""
