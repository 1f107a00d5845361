"""What is said in place of an answer, and what a model is taught to say there."""

NOT_FOUND = "The documents do not say."
