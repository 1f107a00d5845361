"""The loss in pieces is the loss as a whole, and so are its gradients."""

import pytest
import torch
import torch.nn.functional as F

from dragon.model.transformer import Transformer
from dragon.train.cross_entropy import ROWS, linear_cross_entropy, next_token_loss
from tests.train.runs import language_model


def drawn(rows: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    states, weight = torch.randn(rows, 8, dtype=dtype), torch.randn(40, 8, dtype=dtype)
    return states.requires_grad_(), weight.requires_grad_(), torch.randint(0, 40, (rows,))


@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
def test_pieces_are_the_whole(rows: int) -> None:
    states, weight, targets = drawn(rows, torch.float64)
    mine = linear_cross_entropy(states, weight, targets)
    whole = F.cross_entropy(F.linear(states, weight), targets)
    torch.testing.assert_close(mine, whole)
    ours = torch.autograd.grad(3 * mine, (states, weight))
    theirs = torch.autograd.grad(3 * whole, (states, weight))
    torch.testing.assert_close(ours, theirs)


def test_under_autocast_only_products_are_rounded() -> None:
    states, weight, targets = drawn(ROWS + 1, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        mine = linear_cross_entropy(states, weight, targets)
        whole = F.cross_entropy(F.linear(states, weight).float(), targets)
    assert mine.dtype == torch.float32
    torch.testing.assert_close(mine, whole, rtol=1e-3, atol=1e-3)
    mine.backward()  # type: ignore[no-untyped-call]
    assert states.grad is not None
    assert states.grad.dtype == torch.float32
    exact = torch.autograd.grad(F.cross_entropy(F.linear(states, weight), targets), states)[0]
    assert (states.grad - exact).norm() < 0.01 * exact.norm()


def test_a_frozen_matrix_gets_no_gradient() -> None:
    states, weight, targets = drawn(5, torch.float32)
    linear_cross_entropy(states, weight.requires_grad_(False), targets).backward()  # type: ignore[no-untyped-call]
    assert weight.grad is None
    assert states.grad is not None
    with torch.no_grad():
        assert linear_cross_entropy(states, weight, targets).isfinite()


@pytest.mark.parametrize("changes", [{}, {"tie_word_embeddings": False}, {"pointer_head": True}])
def test_the_models_own_logits_say_the_same(changes: dict[str, bool]) -> None:
    torch.manual_seed(0)
    model = Transformer(language_model(**changes))
    ids = torch.randint(0, model.config.vocab_size, (2, 9))
    targets = torch.randint(0, model.config.vocab_size, (2, 9))
    learned = torch.rand(2, 9) < 0.5
    for chosen in (None, learned):
        rows = torch.ones(2, 9, dtype=torch.bool) if chosen is None else chosen
        theirs = F.cross_entropy(model(ids)[rows], targets[rows])
        torch.testing.assert_close(next_token_loss(model, ids, targets, chosen), theirs)
