"""What is said in place of an answer: on every surface, and in what a model is taught to say."""

NOT_FOUND = "The documents do not say."
