"""/v1/fine_tuning/jobs: a model that writes learns from uploaded conversations, or a library."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, field_validator

from dragon.retrieval import Index
from dragon.server.access import Asker, Running, Teacher
from dragon.server.database import new_id
from dragon.server.errors import ApiError, refused
from dragon.server.files import TO_LEARN, Files
from dragon.server.jobs import SUCCEEDED, Job, described
from dragon.server.keys import Key
from dragon.server.lessons import write_texts
from dragon.server.library import Library
from dragon.server.requests import Body, Metadata
from dragon.server.routes.files import Own
from dragon.server.routes.paging import After, Limit, page
from dragon.server.state import State
from dragon.server.uploads import keep
from dragon.server.writers import FINE_TUNED, RAW

router = APIRouter(tags=["fine-tuning"])
JOBS = "/v1/fine_tuning/jobs"
FileId = Annotated[str, Field(max_length=100)]
Auto = Literal["auto"]


class Hyperparameters(Body):
    """How a job learns; `lora_r` is ours: the rank of the low-rank updates."""

    n_epochs: Auto | Annotated[int, Field(ge=1, le=50)] = "auto"
    batch_size: Auto | int = "auto"
    learning_rate_multiplier: Auto | Annotated[float, Field(gt=0, le=100)] = "auto"
    lora_r: Annotated[int, Field(ge=1, le=256)] = 8


class Supervised(Body):
    """Learning from examples."""

    hyperparameters: Hyperparameters = Hyperparameters()


class Method(Body):
    """The newer place of the hyperparameters."""

    type: Literal["supervised"] = "supervised"
    supervised: Supervised = Supervised()


class NewJob(Body):
    """POST /v1/fine_tuning/jobs; `library` is ours, and stands in the place of a file."""

    training_file: FileId | None = None
    library: Annotated[str, Field(max_length=100)] | None = None
    validation_file: FileId | None = None
    model: Annotated[str, Field(max_length=200)] = RAW
    hyperparameters: Hyperparameters | None = None
    method: Method | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    metadata: Metadata | None = None

    @field_validator("suffix")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9._-]+", value):
            raise ValueError("use letters, digits, dots, dashes and underscores.")
        return value

    def chosen(self) -> Hyperparameters:
        """The hyperparameters, wherever they stand.

        Raises:
            ApiError: 400 for a batch size.
        """
        named = self.method.supervised.hyperparameters if self.method else None
        found = named or self.hyperparameters or Hyperparameters()
        if found.batch_size != "auto":
            raise refused("batch_size", "batches are counted in tokens here.")
        return found


@router.post(JOBS)
@router.post("/fine-tune")
def create(body: NewJob, state: Running, own: Own, key: Teacher) -> dict[str, Any]:
    """Begin a job; one runs at a time, the others wait."""
    chosen = body.chosen()
    folder = state.writers.folder(body.model)
    library = _library(state, body)
    files = {"train": body.training_file, "valid": body.validation_file}
    named = {name: _examples(own, file) for name, file in files.items() if file is not None}
    id = new_id("ftjob").replace("_", "-", 1)
    parts = (FINE_TUNED.rstrip(":"), "dragon", *filter(None, [body.suffix]), id[-6:])
    for name, file in named.items():
        with own.path(file["id"], file["filename"]).open("rb") as source:
            keep(source, state.trainer.data(id, name))
    if library:
        write_texts(library, state.trainer.data(id, "texts"))
    asked = {
        "training_file": body.training_file,
        "library": body.library,
        "validation_file": body.validation_file,
        "seed": body.seed or 0,
        "metadata": body.metadata or {},
        **chosen.model_dump(exclude={"batch_size"}),
    }
    job = state.trainer.jobs.create(key.id, body.model, folder, ":".join(parts), asked, id)
    state.trainer.validate(job)
    return _described(state, job)


@router.get(JOBS)
def jobs(state: Running, key: Asker, limit: Limit = 20, after: After = None) -> dict[str, Any]:
    """The jobs, the newest first."""
    found = [_described(state, job) for job in state.trainer.jobs.all(key.id)]
    return page(found, limit, after, "desc")


@router.get(JOBS + "/{job}")
def job(job: str, state: Running, key: Asker) -> dict[str, Any]:
    """One job, with its loss so far."""
    found = _own(state, key, job)
    values = _described(state, found)
    values["dragon"]["curve"] = state.trainer.curve(found).drawn()
    return values


@router.post(JOBS + "/{job}/cancel")
def cancel(job: str, state: Running, key: Teacher) -> dict[str, Any]:
    """Cancel a job; what it has learned so far is not served."""
    found = _own(state, key, job)
    if not state.trainer.cancel(found):
        raise ApiError(409, f"The job {job} is over: {found.status}.", "job_is_over")
    return _described(state, _own(state, key, job))


@router.get(JOBS + "/{job}/events")
def events(
    job: str, state: Running, key: Asker, limit: Limit = 20, after: After = None
) -> dict[str, Any]:
    """What has happened, the newest first."""
    return page(state.trainer.jobs.events(_own(state, key, job).id), limit, after, "desc")


@router.get(JOBS + "/{job}/checkpoints")
def checkpoints(
    job: str, state: Running, key: Asker, limit: Limit = 10, after: After = None
) -> dict[str, Any]:
    """The checkpoint that is served: the one with the lowest validation loss, or the last."""
    found = _own(state, key, job)
    best = state.trainer.curve(found).best if found.status == SUCCEEDED else {}
    shown = [_checkpoint(found, best)] if best else []
    return page(shown, limit, after, "desc")


def _checkpoint(job: Job, point: dict[str, float]) -> dict[str, Any]:
    metrics = {"step": point["step"], "train_loss": point["loss"]}
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"ftckpt_{job.id[-24:]}",
        "created_at": job.finished,
        "fine_tuned_model_checkpoint": job.model,
        "fine_tuning_job_id": job.id,
        "step_number": int(point["step"]),
        "metrics": metrics | ({"valid_loss": point["val_loss"]} if "val_loss" in point else {}),
    }


def _library(state: State, body: NewJob) -> Library | None:
    """The library to learn from.

    Raises:
        ApiError: 400 without anything to learn from, with too much of it, or with an empty library;
            404 if there is no such library.
    """
    if body.training_file and body.library:
        raise refused("library", "a training_file is given too.", "Leave one of them out.")
    if body.library is None:
        if body.training_file is None:
            raise ApiError(
                400, "Give a training_file, or a library.", "invalid_value", "training_file"
            )
        return None
    found = state.libraries.get(body.library)
    with Index.open(found.index, read_only=True) as index:
        documents, _, _ = index.counts()
    if not documents:
        raise ApiError(
            400, f"The library {found.name!r} holds no documents yet.", "empty_library", "library"
        )
    return found


def _examples(own: Files, id: str) -> dict[str, Any]:
    file = own.get(id)
    if file["purpose"] != TO_LEARN:
        raise ApiError(
            400,
            f"{file['filename']} has the purpose {file['purpose']}. Upload it as {TO_LEARN}.",
            "invalid_file",
            "training_file",
        )
    return file


def _own(state: State, key: Key, id: str) -> Job:
    return state.trainer.jobs.get(id, key.id)


def _described(state: State, job: Job) -> dict[str, Any]:
    curve = state.trainer.curve(job)
    loss = round(curve.points[-1]["loss"], 4) if curve.points else None
    progress = {"step": curve.step, "steps": curve.steps, "loss": loss}
    values = described(job, progress, state.trainer.finish(job, curve))
    values["dragon"] |= {"served": job.model in state.writers, "name": job.model}
    return values
