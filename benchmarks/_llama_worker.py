"""llama.cpp's side of benchmarks/engine.py: commands on stdin, one JSON line of seconds for each.

    PYTHON _llama_worker.py MODEL.gguf THREADS

Commands: "prefill N" and "decode N B" (N tokens in each of B sequences that begin with 16 tokens).
Runs in an environment of its own with llama-cpp-python.
"""

import json
import sys
import time

import llama_cpp as ll
import numpy as np

START = 16


class Model:
    def __init__(self, path: str, threads: int) -> None:
        ll.llama_backend_init()
        self.silence = ll.llama_log_callback(lambda *_: None)
        ll.llama_log_set(self.silence, None)
        model_params, params = ll.llama_model_default_params(), ll.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 2048, 2048, 512, 16
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        self.model = ll.llama_model_load_from_file(path.encode(), model_params)
        self.context = ll.llama_init_from_model(self.model, params)
        self.vocab = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(self.model))
        self.ids = np.random.default_rng(0).integers(0, self.vocab, 2048).tolist()
        self.batch = ll.llama_batch_init(2048, 0, 1)

    def clear(self) -> None:
        ll.llama_memory_clear(ll.llama_get_memory(self.context), True)

    def run(self, rows: list[tuple[int, int, int, bool]]) -> None:
        """Rows of (token, position, sequence, whether its logits count)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.logits[i] = token, position, wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        if ll.llama_decode(self.context, batch):
            raise RuntimeError("llama_decode failed")

    def choice(self, row: int) -> int:
        logits = ll.llama_get_logits_ith(self.context, row)
        return int(np.ctypeslib.as_array(logits, (self.vocab,)).argmax())

    def prefill(self, tokens: int) -> dict[str, float]:
        self.clear()
        rows = [(self.ids[i], i, 0, i == tokens - 1) for i in range(tokens)]
        clock = Clock()
        self.run(rows)
        self.choice(tokens - 1)
        return clock.read()

    def decode(self, tokens: int, batch: int) -> dict[str, float]:
        self.clear()
        self.run([(self.ids[i], i, s, False) for s in range(batch) for i in range(START)])
        clock, chosen = Clock(), [1] * batch
        for position in range(START, START + tokens):
            self.run([(token, position, s, True) for s, token in enumerate(chosen)])
            chosen = [self.choice(s) for s in range(batch)]
        return clock.read()


class Clock:
    def __init__(self) -> None:
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        return {
            "wall": time.perf_counter() - self.wall,
            "processor": time.process_time() - self.processor,
        }


def main() -> None:
    model = Model(sys.argv[1], int(sys.argv[2]))
    print("{}", flush=True)
    for line in sys.stdin:
        what, *numbers = line.split()
        print(json.dumps(getattr(model, what)(*map(int, numbers))), flush=True)


if __name__ == "__main__":
    main()
