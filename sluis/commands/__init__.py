"""One module per command group; each is a thin shell around the floors below."""
