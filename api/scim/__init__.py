"""The directory as an identity provider writes it: SCIM 2.0 (RFC 7643 and 7644)."""
