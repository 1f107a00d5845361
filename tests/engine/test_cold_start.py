"""What writing a first token must not wait for: libraries that it has no use of."""

import subprocess
import sys
from pathlib import Path

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from tests.engine.models import random_tensors

WRITE = (
    "import sys; from pathlib import Path; from dragon.engine import Engine\n"
    "print(next(Engine.open(Path(sys.argv[1])).generate([1, 2], max_tokens=1)))\n"
    "print(*sys.modules)"
)
HEAVY = {"torch", "tokenizers", "numpy.random", "jinja2", "llguidance", "typer", "rich", "asyncio"}


def test_a_greedy_token_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    config = ModelConfig(30, 16, 16, 1, 2, 1, 64)
    write_checkpoint(tmp_path / "model", config, random_tensors(config))
    command = [sys.executable, "-c", WRITE, str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    token, modules = done.stdout.splitlines()
    assert 0 <= int(token) < config.vocab_size
    assert not HEAVY & set(modules.split())
