"""Which library's arrays these are: the seam behind which NumPy, PyTorch and JAX are the same.

In: an array. Out: the namespace of its operations, in the names of the Python array API standard
(https://data-apis.org/array-api/2024.12/). The forward pass is written against that namespace
alone; the backward pass is NumPy's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# An array of any library; its shape stands beside each use.
Array = Any


def namespace(x: Array) -> Any:
    """The array API namespace of an array.

    NumPy has kept to the standard since 2.0; for the others `array_api_compat` fills the gaps, and
    is only needed there.

    >>> namespace(np.ones(3)) is np
    True
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return np
    from array_api_compat import array_namespace

    return array_namespace(x)


def constant(values: NDArray[Any], like: Array) -> Array:
    """A NumPy constant (a table, a mask, ids) beside an array: its library, device and type.

    Whole numbers and truth values keep their type; real numbers take that of `like`.

    >>> constant(np.array([0.5]), np.ones(2, np.float32)).dtype
    dtype('float32')
    """
    real = np.issubdtype(values.dtype, np.floating)
    if isinstance(like, (np.ndarray, np.generic)):
        return values.astype(like.dtype, copy=False) if real else values
    from array_api_compat import device

    xp = namespace(like)
    return xp.asarray(values, dtype=like.dtype if real else None, device=device(like))
