"""Articles about people and places that do not exist, and what is known of names."""

from dragon.data.names import Names, learn_names

ARTICLE = (
    "Anna Lindqvist was born in Port Ellery in 1871 because her father sold ropes there. "
    "The lighthouse of Port Ellery was built by Anna Lindqvist in 1902 with 48 workers. "
    "In 1911 the lighthouse burned down, and the keepers moved to an island called Hroy. "
    "The keepers of Hroy count the ships every evening and write the number into a book. "
    "Today the book is kept in the museum of Port Ellery, where 3,400 visitors see it each year. "
    "A visitor pays 12 crowns, and children pay 5 crowns. Ida Marsh has led the museum since 1998. "
    "Ida Marsh wrote a history of the lighthouse in 2004, which was printed in Doverton."
)
ROWS = [{"title": f"Lighthouse {n}", "text": ARTICLE} for n in range(4)]
FIRST_NAMES = ["Anna", "Ida", "Olof", "Mary Ann"]
PLACES = ["Port Ellery", "Doverton", "Hroy", "Utsira"]


def names() -> Names:
    return learn_names([ARTICLE] * 3, FIRST_NAMES, PLACES)
