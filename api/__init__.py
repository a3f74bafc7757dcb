"""The HTTP edge: what other tools, pages and people reach."""
