"""Follow-up questions get back the words that they leave out.

In: a question and what was asked before. Out: a question that can be searched for on its own. Rules
rather than a model: a question that goes on (and, what about ...), points back (it, they, that ...)
or says almost nothing takes the previous question's words along. One that only puts something else
in the place of what was asked about (and the deposit?) is answered by sentences that say so.
"""

import re

from dragon.text.words import content_stems, is_stop, words

_LONGEST = 200  # characters of a follow-up; who writes more than that says what it is about
_KEPT = 400  # characters that a long talk carries along
_FEW = 5  # content words from which a pronoun is taken to mean something in the question itself

_GOES_ON = re.compile(
    r"\s*(?:and|or|but|so|also|then|what about|how about|what if|what else|who else|where else)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(r"^\s*(?:and|or|but|so|what about|how about)\s+", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|theirs|he|him|she|hers|this|these|those|ones|same|former|latter)\b"
    r"|\b(?:there|then|one|that)\s*\??\s*$"
    # "that form" points back, "the form that ..." does not; nor does "is there".
    r"|(?<!\bis )(?<!\bare )\bthere\b(?! (?:is|are|any|a|an)\b)"
    r"|(?<!\bthe )\b(?:\w+ed|is|was|does|did|for|of|in|on|at|with|by|after|before|sign\w*) that\b"
    r"|^\s*(?:his|her|their)\b|\b(?:is|are|was|were|do|does|did) (?:his|her|their)\b",
    re.IGNORECASE,
)
_HOLDING = frozenset("a an the of for in on at to with by after before during my our your".split())
# They count and measure, and say nothing of what.
_VAGUE = frozenset(
    "much many long often far soon late early exactly really else case happens happen mean "
    "means please tell explain".split()
)


class Conversation:
    """Remembers what has been asked.

    >>> talk = Conversation()
    >>> talk.standalone("How many days of annual leave do new employees get?")
    'How many days of annual leave do new employees get?'
    >>> talk.standalone("And part-time staff?")
    'part-time staff? How many days of annual leave do new employees get?'
    """

    def __init__(self) -> None:
        self._previous = self._kept = ""

    def standalone(self, question: str) -> str:
        """The question with its context; remembered for the next one."""
        whole, swaps = question, bool(self._previous) and is_swap(question)
        if self._previous and is_follow_up(question):
            # A swap takes the place of the one before.
            context = self._kept if swaps else self._previous
            whole = f"{_JOINT.sub('', question).strip()} {context}"
        # The newest words stand first: the oldest are cut.
        self._previous = whole if len(whole) <= _KEPT else whole[:_KEPT].rsplit(" ", 1)[0]
        if not swaps:
            self._kept = self._previous
        return whole


def is_follow_up(question: str) -> bool:
    """True for a question that does not say by itself what it is about.

    >>> [is_follow_up(q) for q in ("Why?", "Who signs it?", "Who signs the form P9?")]
    [True, True, False]
    """
    if len(question) > _LONGEST:
        return False
    if _GOES_ON.match(question):
        return True
    content = [w for w in words(question) if not is_stop(w) and w.casefold() not in _VAGUE]
    if len(content) < 2:
        return not any(_is_name(word) for word in content)
    return len(content) < _FEW and bool(_POINTS_BACK.search(question))


def is_swap(question: str) -> bool:
    """True for a follow-up that only names something else to ask the same of.

    >>> [is_swap(q) for q in ("And the deposit?", "What about pets?", "And if I am ill?")]
    [True, True, False]
    """
    start = _JOINT.match(question)
    rest = words(question[start.end() :]) if start and len(question) <= _LONGEST else []
    small = {word.casefold() for word in rest if is_stop(word)}
    return len(small) < len(rest) and small <= _HOLDING


def swapped(question: str, asked: str) -> frozenset[str]:
    """Stems of what a follow-up puts in the place of the question's; none for other questions.

    Args:
        question: as it was typed.
        asked: with its context, see `Conversation.standalone`.

    >>> swapped("And the deposit?", "the deposit? How much is the rent?")
    frozenset({'deposit'})
    """
    if question == asked or not is_swap(question):
        return frozenset()
    context = asked.removeprefix(_JOINT.sub("", question).strip())
    return frozenset(content_stems(question) - content_stems(context))


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(c.isdigit() for c in word)
