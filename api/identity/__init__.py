"""Access tokens of an organisation's own identity provider, in the place of API keys."""
