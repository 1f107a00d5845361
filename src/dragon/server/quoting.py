"""What a model writes freely is shown only as far as quotes bear it out.

In: text, piece by piece, and the passages that the model was given. Out: what may be shown, and
citations. A string in quotation marks that stands in a passage becomes a citation; any other loses
its marks. Nothing is shown before the first proven quote, and nothing of the paragraphs after the
last one.
"""

import re
from collections.abc import Mapping, Sequence

from dragon.answer.extent import around, readable
from dragon.answer.proof import prove
from dragon.answer.types import Citation
from dragon.retrieval import Hit
from dragon.server.answers import Told
from dragon.text.printable import plain
from dragon.text.words import words

LONGEST_QUOTE = 600  # characters until a mark that is not closed counts as none
FEWEST_WORDS = 3  # of a quote: fewer stand in many a passage by chance
_CLOSING = {'"': '"', "“": '”"', "„": '“”"', "«": "»"}
_NUMBERS = r"[ \t]*\[\d+(?:[ \t]*[,;][ \t]*\d+)*\]"
_SPECIAL = re.compile(rf"(?P<numbers>{_NUMBERS})|(?P<mark>[{''.join(_CLOSING)}])|(?P<line>\n)")
# What the text may end in without being known yet for what it is: white space, "[1, ".
_OPEN_END = re.compile(r"[ \t]*(?:\[[\d,; \t]*)?$")


class Quoting:
    """Follows one answer.

    Args:
        hits: the passages, best first.
        texts: of their documents, by path.

    Attributes:
        text: what has been shown.
        citations: what was proven, in the order of their numbers.
        marks: where in the text each citation's first "[1]" stands.
        unproven: quoted strings that no passage holds.
    """

    def __init__(self, hits: Sequence[Hit], texts: Mapping[str, str]) -> None:
        self._hits, self._texts = hits, texts
        self._rest = ""  # not yet understood
        self._held = ""  # understood, and not yet borne out
        self._borne = False  # whether the paragraph holds a proven quote
        self._fresh: list[Citation] = []
        self.text = ""
        self.citations: list[Citation] = []
        self.marks: list[int] = []
        self.unproven = 0

    def feed(self, text: str) -> Told:
        """Take what comes next of the answer; returns what may be shown now."""
        self._rest += text
        return self._told(ended=False)

    def finish(self) -> Told:
        """The end of the answer."""
        return self._told(ended=True)

    def _told(self, ended: bool) -> Told:
        before = len(self.text)
        while self._step(ended):
            pass
        fresh, self._fresh = tuple(self._fresh), []
        return Told(self.text[before:], fresh)

    def _step(self, ended: bool) -> bool:
        """Understand one part of the rest; False where more is needed."""
        found = _SPECIAL.search(self._rest)
        if found is None:
            self._say(self._take(len(self._rest) if ended else self._known()))
            return False
        self._say(self._take(found.start()))
        if found["mark"]:
            return self._quote(ended)
        if self._take(found.end() - found.start()) == "\n":
            self._borne = False
            self._say("\n")
        return True  # the model's own numbers are left out

    def _known(self) -> int:
        """Characters of the rest that mean the same whatever comes next."""
        open_end = _OPEN_END.search(self._rest)
        return open_end.start() if open_end else len(self._rest)

    def _quote(self, ended: bool) -> bool:
        closing = _CLOSING[self._rest[0]]
        end = next((i for i, c in enumerate(self._rest[1:], 1) if c in closing), 0)
        if not end and not ended and len(self._rest) <= LONGEST_QUOTE:
            return False
        if not end or end > LONGEST_QUOTE:
            self._take(1)
            return True
        inside = self._take(end + 1)[1:-1]
        citation = self._prove(inside)
        if citation is None:
            self.unproven += 1
            self._say(inside)
            return True
        self._held += f'"{plain(citation.quote)}"'
        self._borne = True
        if len(self.marks) < citation.number:
            self.marks.append(len(self.text) + len(self._held) + 1)
        self._say(f" [{citation.number}]")
        return True

    def _take(self, count: int) -> str:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def _say(self, text: str) -> None:
        self._held += text
        if self._borne:
            self.text, self._held = self.text + self._held, ""
        elif not self.text:
            self._held = self._held.lstrip()

    def _prove(self, quoted: str) -> Citation | None:
        for wanted in dict.fromkeys((quoted.strip(), quoted.strip(" .,;:!?…"))):
            if len(words(wanted)) < FEWEST_WORDS:
                return None
            for hit in self._hits:
                if found := _pattern(wanted).search(hit.passage.text):
                    return self._cited(hit, *found.span())
        return None

    def _cited(self, hit: Hit, start: int, end: int) -> Citation:
        passage = hit.passage
        place = (passage.document, passage.start + start, passage.start + end)
        for known in self.citations:
            if (known.document, known.start, known.end) == place:
                return known
        a, b = readable(passage.text, around(passage.text, start, end), (start, end))
        wording = plain(passage.text[start:end])
        citation = Citation(
            number=len(self.citations) + 1,
            document=passage.document,
            quote=passage.text[start:end],
            start=place[1],
            end=place[2],
            sentence=passage.text[a:b],
            sentence_start=passage.start + a,
            wording=wording,
            wording_start=0,
            wording_end=len(wording),
            heading=passage.heading or passage.title,
            score=0.0,
            disputed=False,
        )
        prove(citation, self._texts[passage.document])
        self.citations.append(citation)
        self._fresh.append(citation)
        return citation


def _pattern(quoted: str) -> re.Pattern[str]:
    """Whole words in this order, with any white space between them."""
    parts = r"\s+".join(re.escape(part) for part in quoted.split())
    return re.compile(rf"(?<!\w){parts}(?!\w)")
