"""Cross-entropy of the next token, without the logits of a whole batch.

In: a model and token ids. Out: the mean loss. Logits are worked out some rows at a time, and their
gradient at once, while they lie in the cache: a batch of them is many times what all states take.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.model.transformer import Transformer

ROWS = 256  # whose logits lie in the cache of a processor
ROWS_OF_ACCELERATOR = 4096  # enough to keep one busy


def next_token_loss(
    model: Transformer,
    ids: Tensor,
    targets: Tensor,
    learned: Tensor | None = None,
    prefix: int | Tensor = 0,
) -> Tensor:
    """Mean cross-entropy of the targets, in nats.

    Args:
        model: causal.
        ids: [B, T].
        targets: [B, T], what follows each of them.
        learned: [B, T] False where the target is of no matter; None for nowhere.
        prefix: see `Transformer.forward`.
    """

    def rows(x: Tensor) -> Tensor:
        return x[learned] if learned is not None else x.flatten(0, 1)

    if model.config.pointer_head:  # mixes two distributions: there are no logits
        return F.cross_entropy(rows(model(ids, prefix)).float(), rows(targets))
    states, _ = model.language_states(ids, prefix)
    return linear_cross_entropy(rows(states), model.language_weight, rows(targets))


def linear_cross_entropy(states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """`F.cross_entropy(F.linear(states, weight), targets)` for states [N, C], weight [V, C]."""
    loss: Tensor = _LinearCrossEntropy.apply(states, weight, targets)  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    """The gradients are found on the way forward, and scaled on the way back."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        kind = states.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else states.dtype
        ctx.dtypes, ctx.count = (states.dtype, weight.dtype), len(states)
        with torch.autocast(kind, enabled=False):
            loss, grads = _chunked(
                states.to(dtype), weight.to(dtype), targets, ctx.needs_input_grad[:2]
            )
        ctx.save_for_backward(*grads)
        return loss / len(states)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        scale = outer[0] / ctx.count
        grads = zip(ctx.saved_tensors, ctx.dtypes, strict=True)
        return *(None if g is None else g.to(dtype) * scale for g, dtype in grads), None


def _chunked(
    states: Tensor, weight: Tensor, targets: Tensor, wanted: tuple[bool, ...]
) -> tuple[Tensor, list[Tensor | None]]:
    """The sum of the losses, and its gradients where they are wanted."""
    wide = torch.float64 if states.dtype == torch.float64 else torch.float32
    of_states = torch.empty_like(states, dtype=wide) if wanted[0] else None
    of_weight = torch.zeros_like(weight, dtype=wide) if wanted[1] else None
    total = torch.zeros((), dtype=wide, device=states.device)
    rows = ROWS if states.device.type == "cpu" else ROWS_OF_ACCELERATOR
    for at in range(0, len(states), rows):
        some, right = states[at : at + rows], targets[at : at + rows, None]
        logits = (some @ weight.t()).to(wide)
        of_right, top = logits.gather(1, right), logits.amax(1, keepdim=True)
        powers = logits.sub_(top).exp_()
        norm = powers.sum(1, keepdim=True)
        total += (norm.log() + top - of_right).sum()
        # The gradient of the logits is powers / norm, less one at the target: neither is written
        # out, the first goes into the smaller factor and the second is taken off below.
        powers = powers.to(states.dtype)
        if of_states is not None:
            of_states[at : at + rows] = (powers @ weight) / norm
        if of_weight is not None:
            of_weight += powers.t() @ (some / norm).to(states.dtype)
    if of_states is not None:
        of_states -= weight[targets]
    if of_weight is not None:
        of_weight.index_add_(0, targets, states.to(wide), alpha=-1)
    return total, [of_states, of_weight]
