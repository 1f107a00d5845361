"""Follow-up questions get back the words that they leave out.

In: a question and what was asked before. Out: a question that can be searched for on its own. Rules
rather than a model: a question that points back (it, they, what about ...) or says almost nothing takes
the previous question's words along.
"""

import re

from dragon.text.words import is_stop, words

_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|"
    r"ones|same|former|latter|else)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\s*(and|or|but|also|so|then|what about|how about|what if|why|why not|how so|who else|since when|"
    r"until when|where exactly|when exactly|how much|how many|how long|for whom|by whom|really)\b[^?]{0,24}\??\s*$"
    r"|^\s*(and|or|but|what about|how about)\b",
    re.IGNORECASE,
)
_ASKS_FIRST = re.compile(r"^\s*(and|or|but|so|what about|how about)\s+", re.IGNORECASE)


class Conversation:
    """Remembers what has been asked.

    >>> talk = Conversation()
    >>> talk.standalone("How many days of annual leave do new employees get?")
    'How many days of annual leave do new employees get?'
    >>> talk.standalone("And part-time staff?")
    'part-time staff? How many days of annual leave do new employees get?'
    """

    def __init__(self) -> None:
        self._previous = ""

    def standalone(self, question: str) -> str:
        """The question with its context; remembered for the next one."""
        whole = question
        if self._previous and is_follow_up(question):
            whole = f"{_ASKS_FIRST.sub('', question).strip()} {self._previous}"
        self._previous = question if whole == question else self._keep(whole)
        return whole

    @staticmethod
    def _keep(whole: str) -> str:
        # The newest words stand first: cut the oldest, so that a long talk does not grow for ever.
        return " ".join(whole.split()[:60])


def is_follow_up(question: str) -> bool:
    """True for a question that does not say by itself what it is about.

    >>> [is_follow_up(q) for q in ("Why?", "Who signs it?", "Who signs the form P9?")]
    [True, True, False]
    """
    content = [w for w in words(question) if not is_stop(w)]
    if len(content) < 2 or _CONTINUES.search(question):
        return True
    return len(content) < 5 and bool(_POINTS_BACK.search(question))
