"""Lists in OpenAI's form: which part of one is wanted, and that part."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

After = Annotated[str | None, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=100)]
Order = Literal["asc", "desc"]
Status = Literal["in_progress", "completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Part:
    """The part that a request's query names."""

    limit: Limit = 20
    after: After = None
    order: Order = "desc"

    def of(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        """That part of a list, which has the newest first."""
        return page(found, self.limit, self.after, self.order)


@dataclass(frozen=True, slots=True)
class PartOfFiles(Part):
    """The same of files in a vector store, those in one state only where it is named."""

    filter: Status | None = None

    def of(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        """That part of a list, which has the newest first."""
        shown = [file for file in found if self.filter in (None, file["status"])]
        return page(shown, self.limit, self.after, self.order)


Wanted = Annotated[Part, Depends()]
WantedFiles = Annotated[PartOfFiles, Depends()]


def page(found: list[dict[str, Any]], limit: int, after: str | None, order: str) -> dict[str, Any]:
    """Some objects of a list, which has the newest first, in OpenAI's form."""
    found = found if order == "desc" else found[::-1]
    if after is not None:
        places = [i for i, one in enumerate(found) if one["id"] == after]
        found = found[places[0] + 1 :] if places else []
    shown = found[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(found) > limit,
    }
