"""A small corpus of invented sentences, in several scripts."""

CORPUS = [
    "The lighthouse keeper of Varn counts the ships that pass the harbour every evening.",
    "Every evening the keeper writes the number of ships into a book: 17 on Monday, 23 on Friday.",
    "The harbour master reads the book. He doesn't trust the keeper's numbers.",
    "Die Schiffe fahren abends aus dem Hafen; größere Schiffe bleiben über Nacht.",
    "港の灯台 — “the light of the harbour” — costs 3,400 € a year…",
] * 3
