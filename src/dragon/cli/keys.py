"""`dragon keys`: add, list and revoke the API keys of the server."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dragon.text.printable import printable

if TYPE_CHECKING:
    from dragon.server.keys import Keys

app = typer.Typer(help="Add, list and revoke API keys of the server.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What the key is called.")]


@app.command()
def add(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do: ask, documents, train, metrics; may be repeated."),
    ] = None,
) -> None:
    """Make a key and print it: this is the only time that it is shown."""
    key, secret = _keys().add(printable(name).strip(), tuple(scope or ("ask",)))
    print(secret)
    typer.echo(f"key {key.id} may: {', '.join(key.scopes)}. It is not shown again.", err=True)


@app.command("list")
def list_keys() -> None:
    """List the keys, not what they are."""
    for key in _keys().all():
        made = datetime.fromtimestamp(key.created, UTC).date() if key.created else "environment"
        print(f"{key.id:<14}{made!s:<13}{','.join(key.scopes):<24}{key.name}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="A key's name or id.")]) -> None:
    """Revoke a key; it counts at once, for servers that run as well."""
    key = _keys().revoke(name)
    print(f"revoked {key.id} ({key.name})")


def _keys() -> "Keys":
    from dragon.server.keys import Keys
    from dragon.server.settings import server_folder

    return Keys(server_folder() / "keys.json")
