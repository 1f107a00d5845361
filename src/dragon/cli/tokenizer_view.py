"""How `dragon tokenizer show` looks: a table and a cut text; colours on a terminal only.

In: a tokenizer, a text. Out: lines on standard output.
"""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dragon.tokenizer import WordTokenizer
from dragon.tokenizer.files import AnyTokenizer

LONGEST = 20
# Neighbours differ, and every one can be read on a dark and on a bright background.
COLOURS = ("black on cyan", "black on yellow", "black on green", "black on magenta")


def show_vocabulary(tokenizer: AnyTokenizer) -> None:
    """Print the size of a vocabulary, its special tokens and its longest ones."""
    console = Console(highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    specials = (f"{id}:{tokenizer.token(id)}" for id in sorted(tokenizer.special_ids))
    ordinary = (id for id in range(tokenizer.vocab_size) if id not in tokenizer.special_ids)
    longest = sorted(ordinary, key=lambda id: (-len(tokenizer.piece(id)), id))[:LONGEST]
    table.add_row("kind", "words" if isinstance(tokenizer, WordTokenizer) else "BPE")
    table.add_row("tokens", str(tokenizer.vocab_size))
    table.add_row("special", escape("  ".join(specials)))
    table.add_row(
        "longest", escape("  ".join(tokenizer.decode([id]).replace(" ", "·") for id in longest))
    )
    console.print(table)


def show_text(tokenizer: AnyTokenizer, text: str) -> None:
    """Print a text with its tokens in changing colours (or brackets), and its count."""
    console = Console(highlight=False, soft_wrap=True)
    ids, offsets = tokenizer.encode_with_offsets(text)
    shown, end, colour = Text(), 0, 0
    for start, stop in offsets:
        if stop <= end:  # a further token of the same character
            continue
        shown.append(text[end:start])
        piece = text[max(start, end) : stop]
        shown.append(piece if console.is_terminal else f"[{piece}]", COLOURS[colour % len(COLOURS)])
        end, colour = stop, colour + 1
    shown.append(text[end:])
    console.print(shown)
    ratio = len(text.encode("utf-8", "replace")) / max(1, len(ids))
    console.print(f"{len(ids)} tokens, {len(text)} characters, {ratio:.2f} bytes a token")
