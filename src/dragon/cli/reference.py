"""`dragon reference`: train, ask and check the model in plain NumPy."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragon.errors import ConfigError, InputError

if TYPE_CHECKING:
    from dragon.config import ModelConfig
    from dragon.reference.dataset import Entry
    from dragon.reference.files import Model
    from dragon.reference.settings import StageConfig

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The whole model in NumPy: train it on a page of text, talk to it, check its gradients.",
)

ModelPath = Annotated[
    Path, typer.Option("--model", help="Model folder, or a .json that `reference train` wrote.")
]
Longest = Annotated[int, typer.Option("--max-tokens", min=1, help="Tokens written at most.")]


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="Dataset (.json, .csv): sentences, as a rule.")],
    out: Annotated[Path, typer.Option(help="Model folder to write, or a .json file.")],
    then: Annotated[
        Path | None, typer.Option(help="Second dataset: instructions with answers, as a rule.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="model.key=value, pretrain.key=value or instruct.key=value; may be repeated.",
        ),
    ] = None,
    log_every: Annotated[int, typer.Option(help="Epochs a line.", min=1)] = 10,
) -> None:
    """Train a small model on one or two datasets; the defaults are the small classic.

    Word-level tokens, 3 layers of 128/256, 80 positions; 100 epochs at a learning rate of 5e-4,
    then 100 at 1e-4.
    """
    from dragon.config import from_dict
    from dragon.config.toml import override
    from dragon.reference import training
    from dragon.reference.dataset import read_dataset
    from dragon.reference.files import Model
    from dragon.reference.settings import INSTRUCT, PRETRAIN, StageConfig
    from dragon.reference.training import starting_values

    table = override({}, changes or [], ("model", "pretrain", "instruct"), "the settings")
    plans: list[tuple[str, list[Entry], StageConfig]] = []
    for name, path, default in (("pretrain", data, PRETRAIN), ("instruct", then, INSTRUCT)):
        if path is not None:
            values = {"learning_rate": default.learning_rate, **table.get(name, {})}
            plans.append((name, read_dataset(path), from_dict(StageConfig, values, name)))
    tokenizer = _words([entry for _, entries, _ in plans for entry in entries])
    config = _shape(table.get("model", {}), tokenizer.vocab_size)
    first = plans[0][2]
    model = Model(config, starting_values(config, first.seed, first.precision), tokenizer)
    print(_description(config, plans))
    try:
        for name, entries, stage in plans:
            _run_stage(training.train, model, name, entries, stage, log_every)
            _save(out, model)
    except KeyboardInterrupt:
        _save(out, model)
        print(f"Stopped; what was learnt so far is in {out}.", file=sys.stderr)
        raise
    _recite(model, [entry for _, entries, _ in plans for entry in entries])
    print(f"{out}: dragon reference chat --model {out}")


def _save(out: Path, model: "Model") -> None:
    """Write a model folder; a path that ends in .json becomes the same as one plain file."""
    from dragon.interop.plain_json import export_json
    from dragon.reference.files import save_model

    if out.suffix != ".json":
        save_model(out, model)
        return
    with TemporaryDirectory() as folder:
        save_model(Path(folder) / out.stem, model)
        export_json(Path(folder) / out.stem, out)


def _open(path: Path) -> "Model":
    from dragon.interop.plain_json import import_json
    from dragon.reference.files import open_model

    if path.suffix != ".json":
        return open_model(path)
    with TemporaryDirectory() as folder:
        import_json(path, Path(folder) / path.stem)
        return open_model(Path(folder) / path.stem)


def _words(entries: "list[Entry]") -> Any:
    from dragon.tokenizer.word import WordTokenizer

    texts = [text for entry in entries for text in (entry.instruction, entry.text) if text]
    return WordTokenizer.train(texts, vocab_size=65536)


def _shape(values: dict[str, Any], vocab_size: int) -> "ModelConfig":
    from dragon.config import ModelConfig, from_dict
    from dragon.reference.settings import SMALL

    if "vocab_size" in values:
        raise ConfigError(
            f"model.vocab_size is {values['vocab_size']}.",
            "Leave it out: it is the number of words in the data.",
        )
    return from_dict(ModelConfig, {**SMALL, **values, "vocab_size": vocab_size}, "model")


def _description(config: "ModelConfig", plans: "list[tuple[str, list[Entry], StageConfig]]") -> str:
    from dragon.weights import num_parameters

    lines = [
        f"{num_parameters(config):,} parameters, {config.vocab_size} words, "
        f"{config.num_hidden_layers} layers of {config.hidden_size}/{config.intermediate_size}, "
        f"{config.max_position_embeddings} positions"
    ]
    for name, entries, stage in plans:
        lines.append(
            f"{name}: {len(entries)} entries, {stage.epochs} epochs at {stage.learning_rate:g}"
        )
    return "\n".join(lines)


def _run_stage(
    train: Any,
    model: "Model",
    name: str,
    entries: "list[Entry]",
    stage: "StageConfig",
    log_every: int,
) -> None:
    from dragon.cli.progress import counting
    from dragon.reference.examples import make_example, pad_id

    longest = model.config.max_position_embeddings
    examples = [make_example(model.tokenizer, entry, longest) for entry in entries]
    with counting("epochs") as bar:

        def watch(epoch: Any) -> None:
            bar(f"{name}, loss {epoch.loss:.4f}", epoch.number, stage.epochs)
            if epoch.number % log_every == 0 or epoch.number in (1, stage.epochs):
                print(
                    f"{name} epoch {epoch.number:>4}/{stage.epochs}  loss {epoch.loss:.4f}  "
                    f"{epoch.tokens_per_s:,.0f} tokens/s",
                    flush=True,
                )

        train(model.tensors, model.config, stage, examples, pad_id(model.tokenizer), watch)


def _recite(model: "Model", entries: "list[Entry]") -> None:
    """Ask the model its own instructions and say how many it answers word for word."""
    from dragon.reference.writing import answer

    asked = [entry for entry in entries if entry.instruction]
    longest = model.config.max_position_embeddings
    right = 0
    for entry in asked:
        expected = model.tokenizer.decode(model.tokenizer.encode(entry.text))
        said = answer(model.tensors, model.config, model.tokenizer, entry.instruction, longest)
        right += said == expected
    if asked:
        print(f"answers its own instructions word for word: {right} of {len(asked)}")


@app.command()
def chat(model: ModelPath, max_tokens: Longest = 80) -> None:
    """Talk to a model; every line is an instruction by itself. /quit ends."""
    from dragon.cli.chat import typed_lines
    from dragon.reference.writing import answer

    opened = _open(model)
    interactive = sys.stdin.isatty()
    if interactive:
        import readline

        assert readline  # line editing and history for input()
        print("Every line is answered by itself. /quit ends.")
    for line in typed_lines(interactive):
        if not line:
            continue
        try:
            print(answer(opened.tensors, opened.config, opened.tokenizer, line, max_tokens))
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
        sys.stdout.flush()


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What to go on from.")],
    model: ModelPath,
    max_tokens: Longest = 80,
) -> None:
    """Continue a text greedily, up to the end token or --max-tokens."""
    from dragon.reference.writing import write
    from dragon.tokenizer.base import StreamDecoder
    from dragon.tokenizer.special import END

    opened = _open(model)
    tokenizer = opened.tokenizer
    end = tokenizer.id(END)
    stream = StreamDecoder(tokenizer)
    for id in (ids := tokenizer.encode(prompt)):
        print(stream.push(id), end="")
    for id in write(opened.tensors, opened.config, [end, *ids], max_tokens, end):
        print(stream.push(id), end="", flush=True)
    print(stream.finish())


@app.command()
def gradcheck(
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="model.key=value of the network that is checked."),
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Largest relative error.", min=0.0)] = 1e-6,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, tokens and directions.")] = 0,
) -> None:
    """Hold the gradient of every tensor against finite differences, in double precision."""
    from dragon.config.toml import override
    from dragon.errors import DragonError
    from dragon.reference.gradcheck import check_network

    values = override({}, changes or [], ("model",), "the settings").get("model", {})
    config = _shape({"max_position_embeddings": 16, **values}, 40)
    checks = check_network(config, seed)
    wide = max(len(check.name) for check in checks)
    print(f"{'tensor':<{wide}}  {'by backward':>16}  {'by differences':>16}    error")
    for check in checks:
        slopes = f"{check.gradient:>16.9e}  {check.difference:>16.9e}"
        print(f"{check.name:<{wide}}  {slopes}  {check.error:.1e}")
    wrong = [check.name for check in checks if not check.error <= tolerance]
    if wrong:
        raise DragonError(f"The gradient of {', '.join(wrong)} is off by more than {tolerance:g}.")
    print(f"{len(checks)} gradients agree within {tolerance:g}")
