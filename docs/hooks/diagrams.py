"""Mermaid blocks become diagrams where the library lies on this machine; else they stay code."""

import shutil
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from pymdownx.superfences import fence_code_format

# Where `make docs` puts it; the site never loads it from elsewhere.
LIBRARY = Path(".venv/mermaid/node_modules/mermaid/dist/mermaid.min.js")
ASSET = "assets/mermaid.min.js"


def on_config(config: MkDocsConfig) -> None:
    if _library(config).exists():
        fence = {"name": "mermaid", "class": "mermaid", "format": fence_code_format}
        config.mdx_configs.setdefault("pymdownx.superfences", {})["custom_fences"] = [fence]
        config.extra_javascript.append(ASSET)


def on_post_build(config: MkDocsConfig) -> None:
    if _library(config).exists():
        shutil.copyfile(_library(config), Path(config.site_dir) / ASSET)


def _library(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent / LIBRARY
