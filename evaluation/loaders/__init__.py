"""Public data sets of what people read, turned into the events and articles that the rest of the house works with."""
