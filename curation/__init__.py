"""People decide: states an article can be in, the queue, decisions with reasons, the legal step."""
