"""Fine-tuning jobs as the server's database keeps them.

In: what a client asks for, and what becomes of it. Out: rows, events, and OpenAI's job objects.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.server.database import Database, new_id, now
from dragon.server.errors import missing

VALIDATING, QUEUED, RUNNING = "validating_files", "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
OPEN = (VALIDATING, QUEUED, RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        id, owner, created, finished, status: as they say; times in Unix seconds.
        base: name of the model that is tuned.
        folder: where that lies.
        model: name of the result.
        asked: the request: file ids, hyperparameters, seed, suffix, metadata.
        plan: what it became: epochs, batch_tokens, learning_rate, lora_r, conversations, tokens.
        error: code and message of a failure.
    """

    id: str
    owner: str
    created: int
    finished: int | None
    status: str
    base: str
    folder: Path
    model: str
    asked: dict[str, Any]
    plan: dict[str, Any]
    error: dict[str, Any] | None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.status in OPEN


class Jobs:
    """All jobs of a server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, owner: str, base: str, folder: Path, model: str, asked: dict[str, Any], id: str
    ) -> Job:
        """Keep a new job."""
        self._database.rows(
            "INSERT INTO jobs VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, '{}', NULL)",
            *(id, owner, now(), VALIDATING, base, str(folder), model, json.dumps(asked)),
        )
        self.tell(id, f"Created fine-tuning job: {id}")
        return self.get(id)

    def get(self, id: str, owner: str | None = None) -> Job:
        """A job, of an owner if one is named.

        Raises:
            ApiError: 404 if there is none.
        """
        row = self._database.row("SELECT * FROM jobs WHERE id = ?", id)
        if row is None or owner not in (None, row["owner"]):
            raise missing("fine-tuning job", id, "job_not_found", "fine_tuning_job_id")
        return _job(row)

    def all(self, owner: str | None = None) -> list[Job]:
        """The jobs, of an owner if one is named, the newest first."""
        rows = self._database.rows("SELECT * FROM jobs ORDER BY created DESC, rowid DESC")
        return [_job(row) for row in rows if owner in (None, row["owner"])]

    def next(self) -> Job | None:
        """The job to be worked on: one that was running before, else the oldest that waits."""
        for status in (RUNNING, QUEUED):
            query = "SELECT * FROM jobs WHERE status = ? ORDER BY created, rowid LIMIT 1"
            if row := self._database.row(query, status):
                return _job(row)
        return None

    def plan(self, id: str, plan: dict[str, Any]) -> None:
        """Note what a request became."""
        self._database.rows("UPDATE jobs SET plan = ? WHERE id = ?", json.dumps(plan), id)

    def move(self, id: str, status: str, error: dict[str, Any] | None = None) -> bool:
        """Give an open job another state; False where it is over already."""
        over = None if status in OPEN else now()
        kept = None if error is None else json.dumps(error)
        with self._database.transaction():
            if not self.get(id).is_open:
                return False
            self._database.rows(
                "UPDATE jobs SET status = ?, finished = ?, error = ? WHERE id = ?",
                *(status, over, kept, id),
            )
        return True

    def tell(
        self, id: str, message: str, level: str = "info", data: dict[str, Any] | None = None
    ) -> None:
        """Add an event; with `data` it tells figures."""
        self._database.rows(
            "INSERT INTO job_events (id, job, created, level, message, data)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(new_id("ftevent"), id, now(), level, message, json.dumps(data) if data else None),
        )

    def events(self, id: str) -> list[dict[str, Any]]:
        """What has happened to a job, the newest first, in OpenAI's form."""
        query = "SELECT * FROM job_events WHERE job = ? ORDER BY number DESC"
        return [
            {
                "object": "fine_tuning.job.event",
                "id": row["id"],
                "created_at": row["created"],
                "level": row["level"],
                "message": row["message"],
                "type": "metrics" if row["data"] else "message",
                "data": json.loads(row["data"]) if row["data"] else {},
            }
            for row in self._database.rows(query, id)
        ]


def _job(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118
    for name in ("asked", "plan", "error"):
        values[name] = json.loads(values[name]) if values[name] else None
    return Job(**values | {"folder": Path(values["folder"])})


def described(job: Job, progress: dict[str, Any], finish: int | None = None) -> dict[str, Any]:
    """A job in OpenAI's form; `progress` goes under `dragon`."""
    asked, plan = job.asked, job.plan
    done = job.status == SUCCEEDED
    hyper = {
        "n_epochs": plan.get("epochs", asked["n_epochs"]),
        "batch_size": "auto",
        "learning_rate_multiplier": asked["learning_rate_multiplier"],
    }
    return {
        "id": job.id,
        "object": "fine_tuning.job",
        "created_at": job.created,
        "finished_at": job.finished,
        "estimated_finish": finish,
        "status": job.status,
        "model": job.base,
        "fine_tuned_model": job.model if done else None,
        "organization_id": "",
        "training_file": asked["training_file"],
        "validation_file": asked["validation_file"],
        "result_files": [],
        "trained_tokens": round(plan["tokens"] * plan["epochs"]) if done else None,
        "seed": asked["seed"],
        "error": job.error,
        "hyperparameters": hyper,
        "method": {"type": "supervised", "supervised": {"hyperparameters": hyper}},
        "metadata": asked["metadata"],
        "integrations": [],
        "dragon": plan | progress | {"library": asked.get("library")},
    }
