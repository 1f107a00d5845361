"""The process that runs other people's parsers: `python -m dragon.retrieval.readers.worker`.

In: a path a line, on standard input. Out: JSON lines: {"page": true} as a sign of life, then the
document or {"problem": ..., "remedy": ...}. It limits its own memory; its parent limits its time
(`parser.py`).
"""

import json
import logging
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dragon.errors import DocumentError
from dragon.retrieval.readers import read_file

_MEMORY = 2 * 1024**3


def main() -> None:
    """Serve until standard input ends."""
    _limit_memory()
    logging.disable()
    for line in sys.stdin:
        _send(_answer(Path(json.loads(line))))


def _limit_memory() -> None:
    # Where there is no such limit (Windows) or none is granted, the time limit stands alone.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _answer(path: Path) -> dict[str, Any]:
    try:
        document = read_file(path, lambda: _send({"page": True}))
    except DocumentError as error:
        return {"problem": error.problem, "remedy": error.remedy}
    except MemoryError:
        return {"problem": "needs too much memory to be read.", "remedy": "Split it."}
    except Exception as error:
        # A damaged file may raise anything from within a parser; none of it may stop the others.
        return {
            "problem": f"damaged ({type(error).__name__}: {error}).",
            "remedy": "Save it again.",
        }
    return asdict(document) | {"path": str(path)}


def _send(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
