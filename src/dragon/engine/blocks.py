"""Blocks of 16 interleaved rows: what all packed matrices have in common.

A matrix [N, K] becomes cells of four bytes [N/16, cells, 16]: a cell holds 1, 2, 4 or 8
neighbouring columns of one row, so that the same cell of 16 rows is one vector of 64 bytes. Rows
are padded with zeros to whole blocks. Row r lies in one block: an embedding row costs a few pages
of the mapped file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
CELL = 4  # bytes


def padded(n: int) -> int:
    """Round n up to whole blocks.

    >>> padded(17)
    32
    """
    return -(-n // BLOCK) * BLOCK


def interleave(rows: NDArray[Any]) -> NDArray[Any]:
    """Bring rows [N, K], of which CELL bytes make whole cells, into blocks.

    Returns:
        [N/16, cells, 16, values in a cell], of the same type.
    """
    n, k = rows.shape
    width = CELL // rows.dtype.itemsize
    whole = np.zeros((padded(n), k), rows.dtype)
    whole[:n] = rows
    cells = whole.reshape(-1, BLOCK, k // width, width)
    return np.ascontiguousarray(cells.transpose(0, 2, 1, 3))


def take_rows(packed: NDArray[Any], ids: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """The rows ids [n] of what `interleave` made -> [n, K]."""
    block, row = np.divmod(ids, BLOCK)
    cells = packed.view(np.uint32)[..., 0][block, :, row]  # the four bytes travel as one
    return np.ascontiguousarray(cells).view(packed.dtype)


def interleave_scales(scales: NDArray[Any]) -> NDArray[Any]:
    """Scales [N, groups] -> [N/16, groups, 16]."""
    n, groups = scales.shape
    whole = np.zeros((padded(n), groups), scales.dtype)
    whole[:n] = scales
    return np.ascontiguousarray(whole.reshape(-1, BLOCK, groups).transpose(0, 2, 1))
