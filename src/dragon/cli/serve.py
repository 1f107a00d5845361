"""`dragon serve`: the API and the web chat over your documents."""

from pathlib import Path
from typing import Annotated

import typer

from dragon.cli.ask import Docs, File, Model, TopK
from dragon.cli.asking import leave_threads_to_kernels
from dragon.errors import ConfigError
from dragon.models import DEFAULT


def serve(
    docs: Docs = None,
    index: File = None,
    model: Model = DEFAULT,
    generator: Annotated[
        str | None,
        typer.Option(
            help="Folder of a causal model, served as dragon:raw; or the address of another server "
            "that answers from the documents: http://HOST/v1."
        ),
    ] = None,
    generator_model: Annotated[str, typer.Option(help="Name of that server's model.")] = "",
    embedder: Annotated[
        Path | None, typer.Option(help="Folder of a model for embeddings: dragon:embedder.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    top_k: TopK = 5,
    watch: Annotated[
        int | None,
        typer.Option(
            help="Seconds between looks for changed documents; 0: never; else as set in the page.",
            min=0,
        ),
    ] = None,
    rate: Annotated[str, typer.Option(help='Requests of one client: "60/minute".')] = "",
    rate_store: Annotated[
        str, typer.Option(help="Redis that counts for several servers: redis://HOST:6379.")
    ] = "",
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name under which browsers reach the server.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option(help="Origin of a site whose pages may call the API.")
    ] = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Listen publicly without API keys.")
    ] = False,
) -> None:
    """Serve a chat over your documents, for browsers and for OpenAI's clients."""
    leave_threads_to_kernels()
    from dragon.server import ServerSettings

    try:
        from dragon.server.run import run
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("dragon"):
            raise
        raise ConfigError(
            f"The server needs the package {error.name}, which is not installed.",
            "Run: pip install 'dragon-lm[server]'.",
        ) from None
    is_remote = bool(generator and "://" in generator)
    if generator_model and not is_remote:
        raise ConfigError("--generator-model is for another server.", "Add: --generator URL.")
    run(
        ServerSettings(
            host=host,
            port=port,
            docs=tuple(docs or ()),
            index=index,
            model=model,
            generator=None if is_remote or not generator else Path(generator),
            generator_url=generator or "" if is_remote else "",
            generator_model=generator_model,
            embedder=embedder,
            top_k=top_k,
            watch=watch,
            rate=rate,
            rate_store=rate_store,
            hosts=tuple(allow_host or ()),
            cors=tuple(cors or ()),
            unprotected=unprotected,
        )
    )
