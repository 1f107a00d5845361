"""In which language a text is written, told by its letters and its commonest words.

In: a text. Out: an ISO 639-1 code, or `und`. Function words make up 30 to 50% of running text in
every one of these languages and hardly overlap, so that a few dozen each do for a paragraph
(Grefenstette 1995, "Comparing two language identification schemes").
"""

import re
from collections import Counter

_WORDS = {
    "en": "the of and to in is was for that it with as on by at from are this be which or his an "
    "were not have had has their its they but you we can will would about into more than if when",
    "de": "der die und das von zu den mit ist des im für auf dem ein eine als auch es nicht sich "
    "wurde war werden bei nach aus wird sie hat dass einer durch oder nur",
    "fr": "le la les des et est en du une dans un que pour par au qui sur pas plus avec ce il son "
    "sont aux été cette ou se ses mais elle comme",
    "es": "el los las del y que en un una por con para su se al lo como más fue es pero sus este "
    "entre también ha desde cuando muy sin sobre",
    "it": "il di che è per un una del della in con sono da alla dei nel non si le gli come anche "
    "più delle ha stato dal nella al questo suo",
    "pt": "o os do da em um uma que não para com por dos das no na ao mais como foi ele seu sua "
    "também são pela pelo entre até",
    "nl": "de het een van en in op is met voor dat niet zijn werd aan door ook als bij uit naar "
    "om hij worden wordt maar deze over te",
    "sv": "och att det som en på är av för med den till inte har han ett om var från men sig vid "
    "hade eller efter",
    "da": "og at det som en på er af for med den til ikke har han et om var fra men sig ved blev "
    "eller efter der",
    "pl": "i w na z do się nie to jest że jako od po przez jego był za oraz dla które roku",
    "fi": "ja on oli että ei se hän mutta joka myös sekä kun ovat tai vuonna sen mukaan",
    "tr": "ve bir bu da de için ile olarak olan daha çok gibi sonra kadar ancak en",
    "ro": "și de în la cu din pe un o că pentru este care nu sunt mai fost prin sau",
    "cs": "a v se na je že z do s to jsou byl jako pro ale také o podle který roku",
    "id": "yang dan di dari ini untuk dengan pada dalam adalah itu oleh sebagai tidak juga",
}
_SETS = {code: frozenset(words.split()) for code, words in _WORDS.items()}
_SCRIPTS = (
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)
LANGUAGES = (*_WORDS, *(code for code, _ in _SCRIPTS))
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_READ = 3000  # characters that are looked at


def language_of(text: str) -> str:
    """The language's code; `und` where nothing speaks for one.

    >>> language_of("The keepers of the lighthouse count the ships in the evening.")
    'en'
    >>> language_of("Die Wärter des Leuchtturms zählen die Schiffe und schreiben es auf.")
    'de'
    >>> language_of("x = 1")
    'und'
    """
    part = text[:_READ]
    letters = len(_LETTER.findall(part))
    if not part.isascii():
        for code, script in _SCRIPTS:
            if 3 * len(script.findall(part)) > letters:
                return code
    words = Counter(_WORD.findall(part.lower()))
    shares = {code: sum(words[w] for w in known) for code, known in _SETS.items()}
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] * 12 >= max(1, words.total()) else "und"
