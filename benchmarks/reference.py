"""The reference model at its default size on the bundled world; one JSON line last.

    python benchmarks/reference.py [--epochs N]

Training and writing by wall time and by processor time (the two differ on a busy machine), and the
memory of the process. The whole of `dragon reference train` takes 100 epochs of each dataset.
"""

import argparse
import json
import resource
import time
from pathlib import Path

from dragon.reference.dataset import read_dataset
from dragon.reference.examples import make_example, pad_id
from dragon.reference.settings import INSTRUCT, PRETRAIN, StageConfig, small
from dragon.reference.training import starting_values, train
from dragon.reference.writing import write
from dragon.tokenizer.word import WordTokenizer

WORLD = Path(__file__).parents[1] / "examples" / "worlds"
WRITTEN = 70  # tokens, from a prompt of three


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    epochs = parser.parse_args().epochs
    sets = [read_dataset(WORLD / name) for name in ("pretrain.json", "instruct.csv")]
    words = WordTokenizer.train([f"{e.instruction} {e.text}" for entries in sets for e in entries])
    config = small(words.vocab_size)
    tensors = starting_values(config, 0, "float32")
    tokens, wall, cpu = 0, time.perf_counter(), time.process_time()
    for entries, stage in zip(sets, (PRETRAIN, INSTRUCT), strict=True):
        examples = [make_example(words, entry, config.max_position_embeddings) for entry in entries]
        tokens += epochs * sum(len(example.ids) for example in examples)
        short = StageConfig(epochs=epochs, learning_rate=stage.learning_rate)
        train(tensors, config, short, examples, pad_id(words))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    writing = []
    for _ in range(5):
        started = time.process_time()
        list(write(tensors, config, [0, 20, 21], WRITTEN, stop=-1))
        writing.append((time.process_time() - started) / WRITTEN * 1000)
    result = {
        "training_tokens_per_s": round(tokens / wall),
        "training_tokens_per_cpu_s": round(tokens / cpu),
        "hundred_epochs_cpu_minutes": round(cpu / epochs * 100 / 60, 2),
        "writing_cpu_ms_per_token": round(min(writing), 3),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<28} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
