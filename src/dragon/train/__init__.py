"""Training: one loop; the objective chooses the data and the loss."""
