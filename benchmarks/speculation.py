"""What prompt lookup gains on answers that copy from their prompt; one JSON line last.

    python benchmarks/speculation.py [--threads N] [--repeat N] [--tokens N] [--prompts N]

The model copies by construction and not by training: in its first layer every token looks at the
two before it, in its second at the places where the same two stood before, and what came next there
is written (Olsson et al. 2022, arXiv:2209.11895). The other layers cost what they would cost and
change nothing. So guesses are as often right as where a model copies, and the time is that of a
model of 20 million parameters. A higher temperature makes it leave its text more often.

The prompt is a page of the handbook in `examples/`, with the beginning of one of its sentences at
the end. Plain decoding and lookup take turns; seconds are the processor's, because they count the
same on a busy machine, and medians of --repeat runs. Both write the same tokens, or the run fails.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.lookup import PromptLookup
from dragon.engine.sampling import Sampling
from dragon.engine.session import read_together
from dragon.engine.writing import Writer, Writing
from dragon.models import model_folder
from dragon.quantize import quantize_checkpoint
from dragon.tokenizer import load_tokenizer
from dragon.weights import layer_name, tensor_shapes

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
CODE = 64  # width of a token's code
TOKEN, PLACE, BEFORE, BEFORE_2, OUT = range(0, 5 * CODE, CODE)  # parts of the residual stream
SHARP = 40.0  # how much a match outweighs everything else before the softmax
SURE = 24.0  # logit of the token that is copied
Weights = dict[str, np.ndarray]


def copying_model(vocab_size: int, context: int, layers: int = 8) -> tuple[ModelConfig, Weights]:
    """A model that goes on as the last two tokens went on before."""
    config = ModelConfig(
        vocab_size, 384, 1024, layers, 3, 3, context, position="learned", tie_word_embeddings=False
    )
    random = np.random.default_rng(0)
    weights = {
        name: np.ones(shape, np.float32)
        if "norm" in name
        else random.standard_normal(shape, np.float32) / np.float32(shape[-1] ** 0.5)
        for name, shape in tensor_shapes(config).items()
    }
    codes = random.standard_normal((vocab_size, CODE))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    speeds = random.uniform(0, np.pi, CODE // 2)
    angles = np.outer(np.arange(context), speeds)
    for name in ("model.embed_tokens.weight", "model.embed_positions.weight", "lm_head.weight"):
        weights[name][:] = 0
    weights["model.embed_tokens.weight"][:, TOKEN : TOKEN + CODE] = codes
    places = np.concatenate((np.cos(angles), np.sin(angles)), 1) / (CODE / 2) ** 0.5
    weights["model.embed_positions.weight"][:, PLACE : PLACE + CODE] = places
    weights["lm_head.weight"][:, OUT : OUT + CODE] = SURE * codes / np.sqrt(config.hidden_size / 5)
    for layer in range(layers):
        weights[layer_name(layer, "self_attn.o_proj.weight")][:] = 0
        weights[layer_name(layer, "mlp.down_proj.weight")][:] = 0
    look_back(weights, config, speeds)
    look_up(weights, config)
    return config, weights


def look_back(weights: Weights, config: ModelConfig, speeds: np.ndarray) -> None:
    """Layer 0: two heads fetch the codes of the tokens one and two places before."""
    q, k, v, o = attention(weights, 0)
    d, scale = config.head_dim, np.sqrt(config.hidden_size / 2)  # two codes in the stream
    for head, to in enumerate((BEFORE, BEFORE_2)):
        rows, turn = slice(head * d, head * d + CODE), speeds * (head + 1)
        cos, sin = np.diag(np.cos(turn)), np.diag(np.sin(turn))
        back = np.block([[cos, sin], [-sin, cos]])
        q[rows, PLACE : PLACE + CODE] = back * SHARP * np.sqrt(d) / scale**2
        k[rows, PLACE : PLACE + CODE] = np.eye(CODE)
        v[rows, TOKEN : TOKEN + CODE] = np.eye(CODE)
        o[to : to + CODE, rows] = np.eye(CODE) / scale


def look_up(weights: Weights, config: ModelConfig) -> None:
    """Layer 1: a head looks where the last two tokens stood before; the token there goes out."""
    q, k, v, o = attention(weights, 1)
    d, scale = config.head_dim, np.sqrt(config.hidden_size / 4)
    for part, (mine, theirs) in enumerate(((TOKEN, BEFORE), (BEFORE, BEFORE_2))):
        rows = slice(part * CODE, part * CODE + CODE)
        q[rows, mine : mine + CODE] = np.eye(CODE) * SHARP * np.sqrt(d) / scale**2
        k[rows, theirs : theirs + CODE] = np.eye(CODE)
    v[:CODE, TOKEN : TOKEN + CODE] = np.eye(CODE)
    o[OUT : OUT + CODE, :CODE] = np.eye(CODE) / scale


def attention(weights: Weights, layer: int) -> list[np.ndarray]:
    """The four matrices of a layer's attention, emptied."""
    matrices = [weights[layer_name(layer, f"self_attn.{p}_proj.weight")] for p in "qkvo"]
    for matrix in matrices:
        matrix[:] = 0
    return matrices


def write(
    engine: Engine, writing: Writing, lookup: PromptLookup | None
) -> tuple[Writer, int, float]:
    """One answer: the writer at its end, the passes, and the seconds after the prompt was read."""
    writer, passes, start = Writer(engine.network, writing, lookup=lookup), 0, 0.0
    while writer.finish_reason is None:
        [logits] = read_together([writer.piece(10**6)])
        if not passes:
            start = time.process_time()
        for _ in writer.take(logits):
            pass
        passes += 1
    return writer, passes - 1, time.process_time() - start


def prompts(tokenizer_folder: Path) -> Iterator[list[int]]:
    """Pages of the handbook, each with the first words of its middle sentence at the end."""
    tokenizer = load_tokenizer(tokenizer_folder)
    for page in sorted(HANDBOOK.rglob("*.md")):
        text = page.read_text("utf-8")
        sentences = [line for line in text.splitlines() if len(line) > 80]
        if sentences:
            first = sentences[len(sentences) // 3].split()[:4]
            yield tokenizer.encode(text)[:700] + tokenizer.encode("\n\n" + " ".join(first))


def measure(
    engine: Engine, writings: list[Writing], lookup: PromptLookup, repeat: int
) -> dict[str, float]:
    """Plain and with lookup in turns."""
    ratios, plain_s, guess_s = [], [], []
    written = guessed = accepted = passes = 0
    for round_ in range(repeat + 1):
        plain = guess = 0.0
        written = guessed = accepted = passes = 0
        for writing in writings:
            one, _, seconds = write(engine, writing, None)
            other, steps, seconds_guess = write(engine, writing, lookup)
            if one.tokens != other.tokens:
                raise SystemExit("prompt lookup changed the answer")
            assert other.guesser is not None
            plain, guess = plain + seconds, guess + seconds_guess
            written, passes = written + other.written - 1, passes + steps
            guessed += other.guesser.guessed
            accepted += other.guesser.accepted
        if round_:  # the first warms up
            ratios.append(plain / guess)
            plain_s.append(plain)
            guess_s.append(guess)
    return {
        "tokens": written,
        "accepted_share": round(accepted / max(1, guessed), 3),
        "tokens_per_pass": round(written / passes, 2),
        "plain_tok_s": round(written / statistics.median(plain_s)),
        "lookup_tok_s": round(written / statistics.median(guess_s)),
        "speedup": round(statistics.median(ratios), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--prompts", type=int, default=8)
    options = parser.parse_args()
    texts = list(islice(prompts(model_folder()), options.prompts))
    result: dict[str, object] = {"threads": options.threads, "prompts": len(texts)}
    with tempfile.TemporaryDirectory() as scratch:
        size = load_tokenizer(model_folder()).vocab_size
        write_checkpoint(Path(scratch) / "f32", *copying_model(size, 1024))
        quantize_checkpoint(Path(scratch) / "f32", Path(scratch) / "int8")
        engine = Engine.open(Path(scratch) / "int8", threads=options.threads)
        for temperature in (0.0, 1.0, 1.4):
            writings = [
                Writing(text, options.tokens, Sampling(temperature, seed=i))
                for i, text in enumerate(texts)
            ]
            figures = measure(engine, writings, PromptLookup(), options.repeat)
            result[f"temperature_{temperature}"] = figures
            print(f"temperature {temperature}: {figures}", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
