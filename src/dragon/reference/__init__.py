"""The whole model in NumPy, forward and backward by hand: the teacher and the oracle.

It takes the `ModelConfig` and the tensors (`dragon.weights`) of PyTorch and the engine, so one
checkpoint folder opens in all three. Read it in this order: `activations`, `linear`, `normalise`,
`softmax`, `positions`, `attention`, `pointer` (operations, each beside its backward); `sublayers`,
`blocks`, `model`, `mouths`, `losses` (the network); `optimizer`, `dataset`, `training`, `writing`.
"""
