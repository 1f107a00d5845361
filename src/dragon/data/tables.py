"""Tables and lists of made-up things, and questions on their cells.

Private documents are full of tables, running text has none. In: a source of randomness and words.
Out: `Example`s whose passage is a Markdown table, a list of `name: value` lines, or the same facts
as sentences, and whose answer is one value. Rows share columns and values share kinds, so that the
only way to be right is to find the row and the column.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from dragon.data.examples import Example, unanswerable
from dragon.data.names import Names, invent
from dragon.data.sources import Row

Value = Callable[[random.Random, Names], str]
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December".split()
)


def _person(rng: random.Random, names: Names) -> str:
    first = rng.choice(names.pools["first"]) if names.pools["first"] else invent(rng)
    return f"{first} {invent(rng)}"


def _money(rng: random.Random, _: Names) -> str:
    amount = rng.choice((rng.randint(2, 99), rng.randint(1, 60) * 50))
    return rng.choice((f"{amount} euros", f"${amount}", f"£{amount}", f"{amount}.50 euros"))


def _time(rng: random.Random, _: Names) -> str:
    return f"{rng.randint(6, 22)}:{rng.choice(('00', '15', '30', '45'))}"


def _duration(rng: random.Random, _: Names) -> str:
    unit = rng.choice(("minutes", "hours", "days", "working days", "weeks", "months", "years"))
    return f"{rng.randint(2, 60)} {unit}"


def _date(rng: random.Random, _: Names) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"


def _place(rng: random.Random, names: Names) -> str:
    room = f"room {rng.randint(1, 4)}.{rng.randint(1, 29)}"
    town = rng.choice(names.pools["place"]) if names.pools["place"] else invent(rng)
    return rng.choice((room, town, f"the {invent(rng)} building"))


# What a column is called, what stands in it, and how people ask for it.
COLUMNS: tuple[tuple[tuple[str, ...], Value, tuple[str, ...]], ...] = (
    (
        ("Price", "Cost", "Fee"),
        _money,
        ("How much does {} cost?", "What is the price of {}?", "What do I pay for {}?"),
    ),
    (
        ("Owner", "Contact", "Manager"),
        _person,
        ("Who is responsible for {}?", "Who owns {}?", "Whom do I ask about {}?"),
    ),
    (
        ("Limit", "Maximum"),
        lambda rng, _: (
            f"{rng.randint(2, 900)} {rng.choice(('pieces', 'kg', 'people', 'GB', 'km'))}"
        ),
        ("What is the limit for {}?", "How many are allowed for {}?", "How much {} is allowed?"),
    ),
    (
        ("Opening time", "Start"),
        _time,
        ("When does {} open?", "What time does {} start?", "From what time is {} open?"),
    ),
    (
        ("Closing time", "End"),
        _time,
        ("When does {} close?", "Until when is {} open?", "What time does {} end?"),
    ),
    (
        ("Duration", "Time needed", "Notice", "Storage time"),
        _duration,
        ("How long does {} take?", "How long is {} kept?", "How much notice does {} need?"),
    ),
    (
        ("Deadline", "Due date", "Date"),
        _date,
        ("By when must {} be done?", "When is {} due?", "What is the deadline for {}?"),
    ),
    (
        ("Place", "Location"),
        _place,
        ("Where is {}?", "Where do I find {}?", "In which place is {}?"),
    ),
    (
        ("Day", "Weekday"),
        lambda rng, _: rng.choice(WEEKDAYS),
        ("On which day is {}?", "What day is {}?"),
    ),
    (
        ("Phone", "Extension", "Number"),
        lambda rng, _: str(rng.randint(1000, 99999)),
        ("What is the phone number for {}?", "Which number do I call for {}?"),
    ),
)
WIDTHS = (1, 1, 2, 2, 3, 4)


def table_questions(
    rows: Iterable[Row],
    synonyms: Mapping[str, Sequence[str]],
    names: Names,
    rng: random.Random,
    count: int,
) -> list[Example]:
    """About `count` questions on tables of made-up facts about ordinary things.

    Args:
        rows: WordNet's, whose nouns name the things.
        synonyms: exchanged for the things' words in a part of the questions.
        names: for people and places.
        rng: the same seed gives the same questions.
        count: how many; a seventh of them ask for a row or column that is not there.
    """
    nouns = {w: None for r in rows if r.get("pos") == "n" for w in r["members"]}
    words = [w for w in nouns if w.isalpha() and w.islower() and 3 < len(w) < 12]
    made: list[Example] = []
    while words and len(made) < count:
        made += _table(words, synonyms, names, rng)
    return made[:count]


def _table(
    words: Sequence[str], synonyms: Mapping[str, Sequence[str]], names: Names, rng: random.Random
) -> list[Example]:
    columns = rng.sample(COLUMNS, rng.choice(WIDTHS))
    titles = [rng.choice(labels) for labels, _, _ in columns]
    things = list(dict.fromkeys(_thing(words, rng) for _ in range(rng.randint(3, 7))))
    cells = [[value(rng, names) for _, value, _ in columns] for _ in things]
    passage, places = _written(titles, things, cells, rng)
    heading = rng.choice(("", _thing(words, rng).capitalize()))
    made = []
    for row in rng.sample(range(len(things)), min(2, len(things))):
        column = rng.randrange(len(columns))
        start = places[row, column]
        question = _question(columns[column][2], things[row], synonyms, rng)
        end = start + len(cells[row][column])
        made.append(Example(question, heading, passage, start, end, "table"))
    if rng.random() < 0.3:
        question = _question(columns[0][2], _thing(words, rng), synonyms, rng)
        made.append(unanswerable(Example(question, "", passage, 0, 1, "table"), passage, heading))
    return made


def _thing(words: Sequence[str], rng: random.Random) -> str:
    return " ".join(rng.sample(words, rng.choice((1, 1, 2))))


def _question(
    ways: Sequence[str], thing: str, synonyms: Mapping[str, Sequence[str]], rng: random.Random
) -> str:
    parts = thing.split()
    if len(parts) > 1 and rng.random() < 0.3:
        parts[0] = rng.choice(synonyms.get(parts[0]) or (parts[0],))
    return rng.choice(ways).format(rng.choice(("the ", "a ", "", "our ")) + " ".join(parts))


def _written(
    titles: Sequence[str], things: Sequence[str], cells: Sequence[Sequence[str]], rng: random.Random
) -> tuple[str, dict[tuple[int, int], int]]:
    """The passage, and where each cell begins in it."""
    text = rng.choice(("", "", f"The {rng.choice(things)} and others are listed here.\n\n"))
    places: dict[tuple[int, int], int] = {}
    style = rng.choice(("table", "table", "list", "prose"))
    if style == "table":
        text += f"| {rng.choice(('Item', 'Name', 'What', ''))} | {' | '.join(titles)} |\n"
        text += "|" + " --- |" * (len(titles) + 1) + "\n"
    for row, thing in enumerate(things):
        text += {"table": "| ", "list": "- ", "prose": "For the "}[style] + thing
        for column, title in enumerate(titles):
            text += _joint(style, title, column)
            places[row, column] = len(text)
            text += cells[row][column]
        text += {"table": " |\n", "list": "\n", "prose": ". "}[style]
    return text.rstrip(), places


def _joint(style: str, title: str, column: int) -> str:
    if style == "table":
        return " | "
    if style == "list":
        return f"{', ' if column else ': '}{title.lower()} "
    return f"{' and' if column else ','} the {title.lower()} is "
