"""Documents that try to become more than text, and some whose offsets are easy to get wrong."""

from pathlib import Path

SCRIPT = "<script>window.hacked=1</script>"
IMAGE = "<img src=x onerror=window.hacked=1>"
HOSTILE_NAME = "<img src=x onerror=window.hacked=1>.md"

DOCUMENTS = {
    "kraken.md": "# Kraken\n\nThe kraken has 8 arms and sleeps.\n",
    "hydra.md": (
        f"# Hydra {IMAGE}\n\n## Heads {SCRIPT}\n\n"
        f"The hydra {IMAGE} of {SCRIPT} Lerna has 9 heads [1] and [x](javascript:hacked=1).\n"
    ),
    "wyvern.md": (
        "# Wyvern\n\n## Song\n\nA wyvern hums lullabies.\n\n"
        "## Cave\n\nThe wyvern hides.\n\n## Fear\n\nEvery wyvern dreads thunder.\n"
    ),
    "centaur.md": "# Centaur\n\nCentaurs may graze 30 days. Their foals may graze 7 days.\n",
    HOSTILE_NAME: "# Gorgon\n\nThe gorgon wears 77 snakes.\n",
    # Beyond the basic plane, where JavaScript counts two for one.
    "sphinx.md": "# Sphinx\n\n🐉🐉🐉 The 𝔰phinx asked 12 riddles 🐉 at the gate of Thebes.\n",
    "long.md": "# Long\n\n"
    + "Filler without a meaning. " * 400
    + "\n\n## Smith\n\nThe cyclops forged 61 anvils.\n",
}


def write_documents(folder: Path) -> Path:
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, "utf-8")
    return folder
