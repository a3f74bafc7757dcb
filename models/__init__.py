"""Everything learned: encoder, taggers, ranker, index, and the registry that keeps their artefacts."""
