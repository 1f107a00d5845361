"""Words that tell what kind of name they stand in, and the lists that come with the package.

In: nothing. Out: sets of words, lower case where they are compared so. The lists are in
`dragon/data/lists`: names of people, surnames, countries, places, common words.
"""

from functools import lru_cache
from pathlib import Path

_LISTS = Path(__file__).parent.parent / "lists"

ORG_HEADS = frozenset(
    """
    university college school academy institute institution company corporation corp inc ltd llc
    limited gmbh plc co group bank party association society club committee council ministry
    department agency bureau office commission board union federation confederation league
    foundation organization organisation institute museum gallery library press records orchestra
    philharmonic symphony choir theatre-company army navy force forces corps regiment battalion
    brigade division squadron fleet command police court senate parliament congress assembly
    house-of-representatives legislature government network broadcasting television radio airlines
    airways railways railroad motors industries enterprises holdings partners technologies systems
    laboratories studios pictures entertainment productions brewery magazine newspaper hospital
    church-of team fc afc united rangers band quartet ensemble opera ballet trust fund alliance
    coalition movement front brotherhood order guard service services authority administration
    nations representatives offices
    center centre clinic embassy consulate line lines conservatory seminary fraternity sorority
    secretariat contingent facility brothers sons associates
    """.split()
)
PLACE_TAILS = frozenset(
    """
    river lake county island islands bay valley park street avenue road square bridge castle airport
    district province city town village mountain mountains peninsula coast desert forest creek
    canal harbour harbor hill hills sea ocean gulf strait beach field stadium arena station church
    cathedral mosque temple abbey palace tower hall house hotel theater theatre zoo cemetery
    township parish territory colony kingdom republic empire region falls springs estate reserve
    preserve complex highway lane gardens plaza building mill dam glacier canyon ridge reef lagoon
    plateau basin galaxy monastery chapel manor farm prison port border
    """.split()
)
PLACE_STARTS = frozenset(
    """
    lake mount mt river cape fort port san santa santo são saint-jean new north south east west
    upper lower northern southern eastern western central el los las isle gulf bay kingdom republic
    city county province rio monte villa district town village sierra val north-west
    """.split()
)
TITLES = frozenset(
    """
    mr mrs ms miss dr prof professor sir dame lord lady king queen prince princess emperor empress
    president chancellor minister senator governor mayor judge justice captain colonel general major
    lieutenant sergeant admiral commander pope cardinal archbishop bishop father sister brother rev
    reverend saint st count countess duke duchess baron baroness earl marquess sheikh sultan imam
    rabbi shah tsar ambassador secretary chairman director detective inspector officer uncle aunt
    coach congressman congresswoman representative rep sen gov gen col lt capt sgt maj hon attorney
    chief marshal knight master maharaja raja khan
    """.split()
)
ROLES = frozenset(
    """
    actor actress singer author writer novelist poet director producer composer painter artist
    musician drummer guitarist vocalist footballer player politician lawyer engineer scientist
    physicist chemist mathematician historian philosopher journalist librarian banker brother
    sister son daughter wife husband father mother nephew niece uncle cousin teacher coach manager
    architect founder friend friends daughters sons brothers sisters explorer photographer
    spokesman spokeswoman successor predecessor physician general admiral
    """.split()
)
SPEECH = frozenset(
    """
    said says writes wrote argued argues claims claimed announced explained noted told added asked
    believed married died retired studied graduated moved returned attended resigned confirmed
    became joined served thought felt loved declined denied phoned
    """.split()
)
WORK_CUES = frozenset(
    """
    novel film album song single book series play poem opera magazine newspaper musical sitcom ep
    movie comic story track episode documentary essay journal symphony video books films albums
    songs
    """.split()
)
ORG_CUES = frozenset("band group company club team firm label network party school".split())
# Words of technical writing: where they are frequent, an unknown word is a product, no person.
TECHNICAL = frozenset(
    """
    api apis cluster clusters cmdlet command commands config configuration configure container
    containers default directory file files function functions kernel key keys module namespace
    node nodes object package parameter parameters plugin pod pods query repository runtime script
    server servers software string token user users variable version workloads
    """.split()
)
# What stands before the name of a ship.
SHIPS = frozenset("HMS USS RMS SS MS MV SMS HMAS HMCS HMNZS INS USCGC RV SY".split())
EVENTS = frozenset(
    """
    war cup championship championships olympics games festival award awards prize tournament series
    day week fair grand prix open classic medal trophy convention conference revolution rebellion
    mutiny battle siege century edition season reservation
    """.split()
)
# Units that are numbered: the 21st Artillery Division.
NUMBERED = frozenset(
    """
    army avenue battalion battery brigade cavalry corps division fleet infantry regiment squadron
    street wing
    """.split()
)
PARTIES = frozenset(
    """
    republican republicans democrat democrats conservatives liberals socialists communists tories
    whigs federalists nationalists
    """.split()
)
PEOPLES = frozenset(
    """
    Latin Arabic Hebrew Sanskrit Mandarin Gaelic Celtic Slavic Germanic Norman Ottoman Soviet Arab
    Kurdish Basque Tamil Hindi Urdu Bengali Punjabi Yiddish Aramaic Viking Mongol Aztec Inca Maya
    Cherokee Navajo Anglo-Saxon Hellenistic Nordic Iberian Balkan Cantonese Javanese Malay Flemish
    Londoner Parisian Scots
    """.split()
)
US_STATES = frozenset(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL KS KY LA MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND "
    "OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC UK USA US UAE USSR EU".split()
)
PLACE_CUES = frozenset("in at near from to into toward towards around outside across".split())
PARTICLES = frozenset(
    "de la del della di da do dos du des von van der den el al bin ibn ben le les zu y et".split()
)
NUMERALS = frozenset("I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI Jr Sr Jr. Sr.".split())
CALENDAR = frozenset(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
# Capitalised in the middle of a sentence and yet no name.
PLAIN = frozenset(
    """
    i i'm i've i'll i'd ok god internet tv dvd cd ep lp pc ceo cfo phd ph ba bs ma mba gdp dna rna
    hiv aids usb html http https url xml json css api cpu gpu ram sql pdf id ip ii iii iv vi vii
    viii ix xi bc ad bce ce am pm christmas easter figure table chapter section part volume appendix
    note example listing step english-language western eastern northern southern class grade type
    """.split()
)


def _lines(name: str) -> list[str]:
    text = (_LISTS / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache
def word_list(name: str) -> tuple[str, ...]:
    """The words of a list of the package, in its order.

    >>> word_list("common_words")[0]
    'the'
    """
    return tuple(word for line in _lines(f"{name}.txt") for word in line.split())


@lru_cache
def places() -> tuple[str, ...]:
    """Regions and cities."""
    return tuple(place for line in _lines("places.txt") for place in line.split(";"))


@lru_cache
def countries() -> tuple[tuple[str, str, str], ...]:
    """(country, adjective, one of its people) of countries and a few regions."""
    rows = (line.split("\t") for line in _lines("countries.tsv"))
    return tuple((row[0], row[1], row[2] or row[1]) for row in rows)
