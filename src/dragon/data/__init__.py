"""Training data: sources, entities randomised, questions synthesised, shards on disk."""
