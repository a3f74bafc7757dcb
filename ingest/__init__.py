"""From an address on the web to a stored article, and from there to a tagged one."""
