"""Token embeddings from co-occurrence counts: what would cost an hour of training costs a minute.

In: a stream of token ids. Out: [V, C] vectors. Positive pointwise mutual information factorised by
a truncated SVD (Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization").
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

WINDOW = 5
MOST_TOKENS = 30_000_000


def cooccurrence_embeddings(
    tokens: npt.NDArray[np.uint16], vocab_size: int, width: int, scale: float = 0.02, seed: int = 0
) -> Tensor:
    """Embeddings in which tokens that stand in the same company lie close.

    Args:
        tokens: [N] ids; the first 30 million are counted, pairs at distance d weighing 1/d.
        vocab_size: V; the count matrix takes V * V * 4 bytes.
        width: C.
        scale: standard deviation of the values.
        seed: of the randomised SVD.

    Returns:
        [V, C] float32.
    """
    ids = np.asarray(tokens[:MOST_TOKENS]).astype(np.int64)
    vectors = factors(ids, vocab_size, width, seed)
    vectors = vectors - vectors.mean(0)
    norms = vectors.norm(dim=1, keepdim=True)
    vectors = vectors / norms.clamp_min(
        norms[norms > 0].quantile(0.1) if (norms > 0).any() else 1.0
    )
    scaled: Tensor = vectors * (scale * width**0.5)
    return scaled


def factors(ids: npt.NDArray[np.int64], vocab_size: int, width: int, seed: int) -> Tensor:
    """[N] ids -> [V, width]: the truncated factors of their mutual information."""
    counts = _counts(ids, vocab_size)
    assert counts.any()
    row = counts.sum(1, keepdim=True).clamp_min(1e-6)
    # Context distribution smoothing (exponent 0.75, Levy et al. 2015) keeps rare contexts from
    # shouting.
    column = counts.sum(0, keepdim=True).pow(0.75)
    counts.mul_(column.sum()).div_(row).div_(column.clamp_min(1e-6)).clamp_min_(1.0).log_()
    torch.manual_seed(seed)
    u, s, _ = torch.svd_lowrank(counts, q=min(width + 16, vocab_size), niter=3)
    return u[:, :width] * s[:width].sqrt()


def _counts(ids: npt.NDArray[np.int64], vocab_size: int) -> Tensor:
    counts = torch.zeros(vocab_size * vocab_size)
    for start in range(0, len(ids), 4_000_000):
        part = ids[start : start + 4_000_000]
        for distance in range(1, WINDOW + 1):
            pairs = torch.from_numpy(part[:-distance] * vocab_size + part[distance:])
            counts.index_add_(0, pairs, torch.full((len(pairs),), 1.0 / distance))
    square = counts.view(vocab_size, vocab_size)
    return square + square.T
