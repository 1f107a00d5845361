"""One page for each package of dragon, made from the docstrings of its modules."""

import ast
from collections import defaultdict
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# The command line explains itself by --help.
LEFT_OUT = {"cli"}
PAGE = "---\ntitle: {name}\n---\n\n::: {name}\n    options: {{heading_level: 1}}\n\n{modules}\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    packages = _packages(Path(config.config_file_path).parent / "src")
    for name, modules in packages.items():
        page = PAGE.format(name=name, modules="\n\n".join(f"::: {module}" for module in modules))
        files.append(File.generated(config, f"api/{name}.md", content=page))
    lines = [f"- [{name}]({name}.md)" for name in packages]
    overview = "# API\n\nWhat the docstrings say, a page for each package.\n\n" + "\n".join(lines)
    files.append(File.generated(config, "api/index.md", content=overview))
    return files


def _packages(source: Path) -> dict[str, list[str]]:
    """Each package below dragon, with the modules in it and below it that say what they are."""
    packages: dict[str, list[str]] = defaultdict(list)
    for path in sorted((source / "dragon").rglob("*.py")):
        module = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        package = ".".join(path.parent.relative_to(source).parts[:2])
        if package.removeprefix("dragon.") in LEFT_OUT or path.stem == "__main__":
            continue
        if not path.with_name("__init__.py").exists():  # data that are written in Python
            continue
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))):
            packages[package] += [module] if module != package else []
    return dict(sorted(packages.items()))
