"""Language: how well a causal model foretells running text, and what its own text is like.

In: a causal model and paragraphs. Out: perplexity and bits per byte over the whole text, BLEU of
what it writes against how the paragraphs go on, and how varied its trigrams are.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dragon.data.sources import read_rows
from dragon.errors import DataError, InputError
from dragon.evaluate.likelihood import LanguageModel
from dragon.evaluate.questions import evenly
from dragon.evaluate.result import Result, Score, average
from dragon.evaluate.scores import bootstrap

SAYS = "Running text that the model has never seen: how surprising it is, and how it writes on."
GIVEN, WRITTEN = 32, 32  # words of a paragraph that are given, and that are compared
BLEU_ROUNDS = 200
Progress = Callable[[str, int, int], None]


def load_text(path: Path) -> list[str]:
    """The lines of a text set: rows with `text`, or the paragraphs of a plain file.

    Raises:
        DataError: if there is no text.
    """
    lines = [line for row in read_rows(path) for line in str(row.get("text") or "").splitlines()]
    found = [line for line in lines if line.strip()]
    if not found:
        raise DataError(f"{path} holds no text.", "Its rows must have `text`.")
    return found


def language(
    model: LanguageModel,
    lines: Sequence[str],
    prompts: int = 200,
    limit: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Score a text and write on from the beginnings of its paragraphs.

    Args:
        model: causal.
        lines: paragraphs and headings of the text.
        prompts: most paragraphs that are written on.
        limit: most lines that are scored, from the start; 0 for all.
        seed: of what is sampled.
        progress: called with what is being done, and how many of how many are finished.
    """
    starts = [p for p in map(str.split, lines) if len(p) >= GIVEN + WRITTEN]
    chosen = evenly(starts, prompts)
    if chosen:
        bleu([], [])  # if it cannot be computed, say so before an hour has gone
    scores = perplexity(model, "\n".join(lines[: limit or None]) + "\n", progress)
    if chosen:
        scores += _written(model, [" ".join(p[:GIVEN]) for p in chosen], chosen, seed)
    settings = {"lines": len(lines[: limit or None]), "prompts": len(chosen), "seed": seed}
    return Result("language", SAYS, len(lines[: limit or None]), tuple(scores), settings=settings)


def perplexity(model: LanguageModel, text: str, progress: Progress | None = None) -> list[Score]:
    """Perplexity and bits per byte of a text, read in windows that overlap by half.

    Every token is judged once, with half the context before it at least, save at the start. The
    interval is the bootstrap's over windows.

    Raises:
        InputError: if the text is shorter than two tokens.
    """
    ids = model.tokenizer.encode(text)
    if len(ids) < 2:
        raise InputError("The text is empty.", "Give more of it.")
    size = model.context - len(model.opening)
    step = max(1, size // 2)
    windows, firsts = [], []
    # Without an opening token nothing stands before the first one: it is not judged.
    judged = 0 if model.opening else 1
    while judged < len(ids):
        start = max(0, min(judged - step, len(ids) - size)) if judged > 1 else 0
        end = min(start + size, len(ids))
        windows.append([*model.opening, *ids[start:end]])
        firsts.append(len(model.opening) + judged - start)
        judged = end
    total = len(windows)
    parts = model.log_probs(
        windows, firsts, (lambda done: progress("text", done, total)) if progress else None
    )
    counts = [float(len(p)) for p in parts]
    losses = [-float(p.mean()) for p in parts]
    return _perplexity_scores(losses, counts, text, len(ids))


def _perplexity_scores(
    losses: Sequence[float], counts: Sequence[float], text: str, tokens: int
) -> list[Score]:
    loss = float(np.average(losses, weights=counts))
    low, high = bootstrap(losses, counts)
    per_byte = sum(counts) / len(text.encode()) / math.log(2)
    per_word = sum(counts) / max(1, len(text.split()))

    def score(name: str, of: Callable[[float], float], says: str) -> Score:
        return Score(name, of(loss), tokens, of(low), of(high), says)

    return [
        score("bits_per_byte", lambda v: v * per_byte, "comparable between vocabularies"),
        score("perplexity", math.exp, "of a token of the model's own vocabulary"),
        score("word_perplexity", lambda v: math.exp(min(v * per_word, 700)), "between blanks"),
    ]


def _written(
    model: LanguageModel, prompts: Sequence[str], paragraphs: Sequence[list[str]], seed: int
) -> list[Score]:
    room = 2 * WRITTEN
    references = [" ".join(p[GIVEN : GIVEN + WRITTEN]) for p in paragraphs]
    greedy = [_words(t) for t in model.write(prompts, room)]
    sampled = [_words(t) for t in model.write(prompts, room, 1.0, seed)]
    return [
        bleu(greedy, references),
        average("trigram_diversity", [diversity(t) for t in sampled], "sampled at temperature 1"),
        average("greedy_trigram_diversity", [diversity(t) for t in greedy], "always the likeliest"),
        average("reference_trigram_diversity", [diversity(t) for t in references], "of the text"),
    ]


def bleu(written: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus BLEU (Papineni et al. 2002) by sacrebleu, 0 to 100, with its bootstrap.

    Raises:
        InputError: if sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ModuleNotFoundError:
        raise InputError(
            "BLEU needs sacrebleu, which is not installed.", "Run: pip install 'dragon-lm[eval]'."
        ) from None
    if not written:
        return Score("bleu", 0.0, 0, 0.0, 0.0)
    metric = BLEU(effective_order=True)  # a text of under four words would be an error otherwise
    rng = np.random.default_rng(0)

    def score(at: Sequence[int]) -> float:
        return float(
            metric.corpus_score([written[i] for i in at], [[references[i] for i in at]]).score
        )

    count = len(written)
    drawn = [score(rng.integers(0, count, count).tolist()) for _ in range(BLEU_ROUNDS)]
    low, high = (float(v) for v in np.percentile(drawn, (2.5, 97.5)))
    return Score("bleu", score(range(count)), count, low, high, "greedy, 0 to 100")


def diversity(text: str) -> float:
    """Unique trigrams of words over all of them; 1 where there is none to repeat.

    >>> diversity("a b c a b c"), diversity("one two")
    (0.75, 1.0)
    """
    words = text.split()
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(trigrams)) / len(trigrams) if trigrams else 1.0


def _words(text: str) -> str:
    """The first words of what was written, as many as are compared."""
    return " ".join(text.split()[:WRITTEN])
