"""One module per thing the API speaks of."""
