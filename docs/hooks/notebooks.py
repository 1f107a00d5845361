"""Notebooks become pages, with the small outputs that are stored in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    folder = Path(config.config_file_path).parent / "examples" / "notebooks"
    for path in sorted(folder.glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        content = "\n\n".join(part for cell in cells for part in _markdown(cell))
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=content))
    return files


def _markdown(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text
        return
    yield f"```python\n{text}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "text" in output:
            yield f"```text\n{''.join(output['text']).rstrip()}\n```"
        elif "image/png" in data:
            yield f"![plot](data:image/png;base64,{''.join(data['image/png']).strip()})"
        elif "text/plain" in data:
            yield f"```text\n{''.join(data['text/plain']).rstrip()}\n```"
