"""The root of the command line: finds the command, loads it alone, turns errors into one line.

In: the arguments of the process. Out: an exit code: 0 done, 1 failed, 2 wrong usage or input, 130
interrupted. Written by hand because start-up counts: `dragon --help` loads neither typer nor rich.
"""

import atexit
import errno
import gc
import os
import sys
from importlib import import_module
from typing import Any, NamedTuple, TextIO

from dragon import __version__
from dragon.errors import DragonError, InputError


class Command(NamedTuple):
    """Where a command lives: its module, the typer app or function in it, and its line of help."""

    module: str
    attribute: str
    help: str


GROUPS: dict[str, dict[str, Command]] = {
    "Ask": {
        "ask": Command("dragon.cli.ask", "ask", "Answer one question from your documents."),
        "chat": Command("dragon.cli.chat", "chat", "Ask on and on; follow-ups keep their context."),
        "lite": Command("dragon.cli.lite", "app", "The same without a model; also as one file."),
        "serve": Command("dragon.cli.serve", "serve", "An API and a web chat over your documents."),
        "keys": Command("dragon.cli.keys", "app", "Add, list and revoke keys of the API."),
        "index": Command("dragon.cli.index", "app", "Add, remove, list and search documents."),
    },
    "Build": {
        "tokenizer": Command("dragon.cli.tokenizer", "app", "Train, extend and try a tokenizer."),
        "data": Command("dragon.cli.data", "app", "Prepare text and questions for training."),
        "train": Command("dragon.cli.train", "train", "Train a model from a configuration."),
        "report": Command("dragon.cli.report", "report", "A page about training runs."),
        "merge": Command("dragon.cli.merge", "merge", "A model from an adapter and its base."),
        "average": Command("dragon.cli.average", "average", "The mean of several checkpoints."),
        "quantize": Command(
            "dragon.cli.quantize", "quantize", "Write a model in bf16, int8 or int4."
        ),
        "reference": Command("dragon.cli.reference", "app", "The whole model in plain NumPy."),
    },
    "Models": {
        "show": Command("dragon.cli.show", "show", "Show a model's shape, formats and memory."),
        "generate": Command("dragon.cli.generate", "generate", "Go on writing from a prompt."),
        "export": Command("dragon.cli.export", "exports", "Write a model for other programs."),
        "import": Command("dragon.cli.export", "imports", "Take over a GGUF or JSON model."),
    },
    "Measure": {
        "bench": Command("dragon.cli.bench", "app", "Measure speed and memory on this machine."),
        "eval": Command("dragon.cli.evaluate", "app", "Score a model, an index or an answerer."),
        "inspect": Command("dragon.cli.inspect", "inspect", "What a model saw in a text: a page."),
    },
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}

PATHS = ("--docs", "--index", "--model", "--out")  # in whatever command they stand
USAGE = "Usage: dragon [--debug] COMMAND [OPTIONS] ..."


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return its exit code; errors are printed as one line on stderr.

    Args:
        argv: the arguments without the program's name; by default those of the process.
    """
    if argv is None:
        # The process ends next: nobody waits while each of its objects is looked for once more.
        atexit.register(gc.freeze)
    arguments = sys.argv[1:] if argv is None else list(argv)
    _write_utf8()
    debug, arguments = _take_debug(arguments)
    try:
        code = _dispatch(arguments)
        # Inside the try: a closed pipe shows itself only when the buffer is written out.
        sys.stdout.flush()
        if code == 130:  # typer has caught the interrupt and returned its code
            print("interrupted", file=sys.stderr)
        return code
    except (Exception, KeyboardInterrupt) as error:
        if debug and not isinstance(error, BrokenPipeError):
            raise
        return _report(error)


def _take_debug(arguments: list[str]) -> tuple[bool, list[str]]:
    """Take `--debug` out, wherever it stands before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [a for a in arguments[:end] if a != "--debug"]
    return len(kept) < end, kept + arguments[end:]


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help(sys.stdout), end="")
        return 0
    name, *rest = arguments
    if name == "--version":
        print(f"dragon {__version__}")
        return 0
    if name not in COMMANDS:
        raise InputError(f"There is no command {name!r}.", _nearest(name))
    return _run(name, COMMANDS[name], rest)


def _check_paths(arguments: list[str]) -> None:
    """Refuse an empty path: to `pathlib`, and so to typer, it is the working folder."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for place, word in enumerate(arguments[:end]):
        option, equals, value = word.partition("=")
        given = [value] if equals else arguments[place + 1 : place + 2]
        if option in PATHS and given == [""]:
            raise InputError(f"{option} is empty.", "Give it a value, or leave it out.")


def _run(name: str, entry: Command, arguments: list[str]) -> int:
    _check_paths(arguments)
    if name == "ask" and _is_answered(arguments):
        return 0
    command = _load(entry)
    from typer import Abort
    from typer.exceptions import TyperException

    try:
        result = command.main(arguments, prog_name=f"dragon {name}", standalone_mode=False)
    except TyperException as error:
        # A group called without a subcommand carries its whole help as the message.
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return 2
        path = getattr(getattr(error, "ctx", None), "command_path", f"dragon {name}")
        problem = error.format_message().rstrip(".")
        problem += "" if problem.endswith("?") else "."
        raise InputError(problem, f"See `{path} --help`.") from error
    except Abort:
        return 130
    return result if isinstance(result, int) else 0


def _is_answered(arguments: list[str]) -> bool:
    """Answer a question whose options need no typer."""
    from dragon.cli.plain import plain

    given = plain(arguments)
    if given is None:
        return False
    from dragon.cli.asking import print_answer

    print_answer(**given)
    return True


def _load(entry: Command) -> Any:
    """Import a command's module and make its typer app or function callable with arguments."""
    target = getattr(import_module(entry.module), entry.attribute)
    import typer

    if isinstance(target, typer.Typer):
        # Not get_command: it drops the subcommand's name where an app has only one.
        command: Any = typer.main.get_group(target)
    else:
        app = typer.Typer(add_completion=False)
        app.command()(target)
        command = typer.main.get_command(app)
    command.context_settings["help_option_names"] = ["-h", "--help"]
    return command


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, 1)
    return f"Did you mean `dragon {close[0]}`?" if close else "See `dragon --help`."


def _help(stream: TextIO) -> str:
    bold, plain = ("\033[1m", "\033[0m") if _is_coloured(stream) else ("", "")
    lines = [USAGE, "", "Ask your documents: cited answers, offline, on this machine.", ""]
    for group, commands in GROUPS.items():
        lines.append(f"{bold}{group}{plain}")
        lines += [f"  {name:<11}{command.help}" for name, command in commands.items()]
        lines.append("")
    lines += [
        f"{bold}Options{plain}",
        "  --debug    Show the traceback of an error.",
        "  --version  Show the version.",
        "  --help     Show this; `dragon COMMAND --help` shows a command.",
    ]
    return "\n".join(lines) + "\n"


def _is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ


def _write_utf8() -> None:
    # Documents hold any character; a terminal or pipe under LANG=C must not make them an error.
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors=errors)


def _report(error: BaseException) -> int:
    """Print one line for an error and return the exit code it stands for."""
    _drop_unwritten()
    if isinstance(error, BrokenPipeError):  # the reader has gone: `dragon ... | head`
        return 141
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    print("error: " + _line(error).replace("\n", " "), file=sys.stderr)
    return error.exit_code if isinstance(error, DragonError) else 1


def _drop_unwritten() -> None:
    """Point a standard output that cannot be written to nowhere, or Python fails at exit again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _line(error: BaseException) -> str:
    if isinstance(error, DragonError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"No space left on the disk{where}. Free some space and run it again."
        return f"{os.strerror(error.errno)}{where}."
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return "PyTorch is not installed. Run `make install`, or pip install 'dragon-lm[train]'."
    return (
        f"{type(error).__name__}: {error}. This is not your fault; run it again with --debug "
        "to see where it comes from."
    )
