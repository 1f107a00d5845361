"""The pages of the repository that lie outside docs/ join the site below `project/`."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = ("README.md", "examples/README.md", "examples/worlds/README.md", "benchmarks/README.md",
         "CHANGELOG.md")  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    root = Path(config.config_file_path).parent
    for page in PAGES:
        files.append(File.generated(config, f"project/{page}", abs_src_path=str(root / page)))
    return files
