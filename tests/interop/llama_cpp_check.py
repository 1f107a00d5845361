"""llama.cpp and our engine side by side on one GGUF file: the same ids, the same greedy tokens."""

from pathlib import Path

import numpy as np

from dragon.engine import Engine
from dragon.tokenizer import load_tokenizer

PROMPT = "The ships, 17 of them"
# Logits nearer than this share of their spread may be ordered either way by another rounding. For
# q8_0 llama.cpp rounds the activations as well.
TIES = {"f32": 1e-3, "f16": 1e-2, "q8_0": 0.15}


def differing_steps(file: Path, folder: Path, kind: str, steps: int) -> list[str]:
    """What differs between the file in llama.cpp and the folder in our engine; empty if nothing."""
    import llama_cpp

    theirs = llama_cpp.Llama(
        str(file), n_ctx=64, n_batch=64, n_threads=1, logits_all=True, verbose=False
    )
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode_prompt(PROMPT)
    found = theirs.tokenize(PROMPT.encode(), add_bos=True, special=False)
    problems = [] if found == ids else [f"ids {found} in llama.cpp, {ids} here"]
    session = Engine.open(folder, kernels="numpy").session()
    scores = session.prefill(np.array(ids))
    theirs.eval(ids)
    for step in range(steps):
        other = np.array(theirs.scores[theirs.n_tokens - 1])
        token, choice = int(np.argmax(scores)), int(np.argmax(other))
        if token != choice and scores[token] - scores[choice] > TIES[kind] * scores.std():
            problems.append(f"step {step}: {choice} in llama.cpp, {token} here")
            break
        scores = session.step(token)
        theirs.eval([token])
    return problems
