"""What leaves the house of its own accord."""
