"""A fictional company to try everything on: its articles, its people, its web site and its curator."""
