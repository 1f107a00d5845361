"""What is done to raw text before anything is learned from it."""
