"""Which kernels run: native where they are built and cover the model, NumPy otherwise, said once.

In: a configuration and weights. Out: a `Body`.
"""

import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import cast, get_args

from dragon.config import ModelConfig
from dragon.engine.body import Body, KeptAs
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import NumpyBody
from dragon.errors import ConfigError

# "native" is the best of the compiled ones that this processor runs.
COMPILED = ("avx512bf16", "avx512", "avxvnni", "avx2", "neon", "portable")
KERNELS = ("native", "numpy", *COMPILED)
NOT_BUILT = (
    "no compiled kernels found; using NumPy (slower). Reinstall with a C++ compiler for speed."
)


def make_body(
    config: ModelConfig,
    weights: Mapping[str, Matrix],
    kernels: str | None,
    threads: int | None,
    kv: KeptAs | None = None,
) -> Body:
    """The body on the kernels asked for, by argument, then by DRAGON_KERNELS, then the fastest.

    Args:
        kernels: one of `KERNELS`.
        threads: of the compiled kernels.
        kv: how keys and values are kept, by argument, then by DRAGON_KV; None is f32 for float
            weights, else f16. NumPy keeps floats, for int8 rounded as if they were.

    Raises:
        ConfigError: for kernels or a kv of another name, for compiled kernels that are not built,
            do not cover the model or do not run on this processor though asked for by name, or for
            threads below 1.
    """
    asked = kernels or os.environ.get("DRAGON_KERNELS") or None
    if asked not in (None, *KERNELS):
        raise ConfigError(f"DRAGON_KERNELS is {asked!r}.", f"Use one of {', '.join(KERNELS)}.")
    count, kv = _threads(threads), _kept_as(kv)
    if asked == "numpy":
        return NumpyBody(config, weights, kv)
    reason = _why_not_native(config)
    if reason is None:
        from dragon.engine.native_body import NativeBody

        return NativeBody(config, weights, count, asked if asked in COMPILED else None, kv)
    if asked is not None:
        raise ConfigError(f"DRAGON_KERNELS is {asked}, but {reason}", "Use numpy.")
    _say_once(reason)
    return NumpyBody(config, weights, kv)


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


def _kept_as(kv: KeptAs | None) -> KeptAs | None:
    asked = kv or os.environ.get("DRAGON_KV") or None
    for known in get_args(KeptAs):
        if asked == known:
            return cast(KeptAs, known)
    if asked is None:
        return None
    raise ConfigError(f"DRAGON_KV is {asked!r}.", f"Use one of {', '.join(get_args(KeptAs))}.")


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
