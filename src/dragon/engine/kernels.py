"""Which kernels run: native where they are built and cover the model, NumPy otherwise, said once.

In: a configuration and weights. Out: a `Body`.
"""

import os
import sys
from collections.abc import Mapping
from functools import cache

from dragon.config import ModelConfig
from dragon.engine.body import Body
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import NumpyBody
from dragon.errors import ConfigError

KERNELS = ("native", "numpy")
NOT_BUILT = (
    "no compiled kernels found; using NumPy (slower). Reinstall with a C++ compiler for speed."
)


def make_body(
    config: ModelConfig, weights: Mapping[str, Matrix], kernels: str | None, threads: int | None
) -> Body:
    """The body on the kernels asked for, by argument, then by DRAGON_KERNELS, then the fastest.

    Raises:
        ConfigError: for kernels of another name, for native ones that are not built or do not cover
            the model though asked for by name, or for threads below 1.
    """
    asked = kernels or os.environ.get("DRAGON_KERNELS") or None
    if asked not in (None, *KERNELS):
        raise ConfigError(f"DRAGON_KERNELS is {asked!r}.", f"Use one of {', '.join(KERNELS)}.")
    count = _threads(threads)
    if asked == "numpy":
        return NumpyBody(config, weights)
    reason = _why_not_native(config)
    if reason is None:
        from dragon.engine.native_body import NativeBody

        return NativeBody(config, weights, count)
    if asked == "native":
        raise ConfigError(f"DRAGON_KERNELS is native, but {reason}", "Use numpy.")
    _say_once(reason)
    return NumpyBody(config, weights)


def native_is_built() -> bool:
    """Whether `dragon._native` can be imported."""
    try:
        from dragon._native import Body  # noqa: F401
    except ImportError:
        return False
    return True


def _why_not_native(config: ModelConfig) -> str | None:
    if not native_is_built():
        return NOT_BUILT
    if config.norm_placement != "pre":
        return "the compiled kernels have no post-norm; using NumPy (slower)."
    missing = {
        "sliding window": config.sliding_window,
        "query and key norms": config.qk_norm,
        "tanh GELU": config.activation == "gelu_tanh",
        "head sizes of their own": config.head_dim * config.num_attention_heads
        != config.hidden_size,
    }
    lacking = [name for name, asked in missing.items() if asked]
    if lacking:
        return f"the compiled kernels have no {lacking[0]}; using NumPy (slower)."
    return None


@cache
def _say_once(line: str) -> None:
    print(f"dragon: {line}", file=sys.stderr)


def _threads(threads: int | None) -> int:
    text = os.environ.get("DRAGON_THREADS", "") if threads is None else str(threads)
    if not text:
        return physical_cores()
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"threads is {text}.", "It must be 1 or more.")
    return int(text)


def physical_cores() -> int:
    """Cores this process may run on; two hardware threads of one core count once (on Linux)."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = set()
    for cpu in os.sched_getaffinity(0):
        try:
            path = f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
            with open(path, encoding="ascii") as file:  # noqa: PTH123 -- a hot path at start
                cores.add(file.read())
        except OSError:
            cores.add(str(cpu))
    return len(cores)
