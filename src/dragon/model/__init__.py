"""The transformer in PyTorch, for training. The engine runs the same tensors without PyTorch."""
