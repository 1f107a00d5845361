"""Fine-tuning over HTTP: the official client, from an upload to a served model, and what fails."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from dragon.server.settings import ServerSettings
from tests.http.conftest import Models
from tests.http.running import Served, serving, wait_until

TALKS = [("How many days?", "30 days."), ("Who signs?", "45 people."), ("When?", "At noon.")]
LINES = b"".join(
    json.dumps({"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]})
    .encode()
    .ljust(120)
    + b"\n"
    for q, a in TALKS * 4
)
OPEN = ("validating_files", "queued", "running")
FROM: dict[str, Any] = {"training_file": openai.omit}


@pytest.fixture
def teaching(fresh: ServerSettings, models: Models) -> Iterator[Served]:
    with serving(replace(fresh, generator=models.writer, nice=0)) as found:
        yield found


@pytest.fixture
def teacher(teaching: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{teaching.url}/v1", api_key="none", max_retries=0) as found:
        yield found


def upload(client: OpenAI, data: bytes = LINES, name: str = "talks.jsonl") -> str:
    return client.files.create(file=(name, io.BytesIO(data)), purpose="fine-tune").id


def over(client: OpenAI, job: str, seconds: float = 500) -> Any:
    wait_until(lambda: client.fine_tuning.jobs.retrieve(job).status not in OPEN, seconds)
    return client.fine_tuning.jobs.retrieve(job)


@pytest.mark.timeout(600)
def test_from_an_upload_to_a_model_that_is_served(teaching: Served, teacher: OpenAI) -> None:
    created = teacher.fine_tuning.jobs.create(
        model="dragon:raw",
        training_file=upload(teacher),
        suffix="short",
        seed=3,
        hyperparameters={"n_epochs": 20, "learning_rate_multiplier": 5},
        metadata={"why": "a test"},
    )
    assert created.status == "validating_files"
    assert created.fine_tuned_model is None
    job = over(teacher, created.id)
    assert job.status == "succeeded", job.error
    assert job.fine_tuned_model.startswith("ft:dragon:short:")
    assert (job.seed, job.metadata, job.hyperparameters.n_epochs) == (3, {"why": "a test"}, 20)
    assert job.trained_tokens > 0
    assert job.finished_at >= job.created_at
    curve = job.model_extra["dragon"]["curve"]["loss"]
    assert curve[-1][0] == job.model_extra["dragon"]["steps"] > 0
    assert curve[-1][1] < curve[0][1]
    said = [event.message for event in teacher.fine_tuning.jobs.list_events(created.id)]
    assert said[0] == "The job has successfully completed"
    assert said[-1] == f"Created fine-tuning job: {created.id}"
    assert any(text.startswith("Step ") for text in said)
    (checkpoint,) = teacher.fine_tuning.jobs.checkpoints.list(created.id)
    assert checkpoint.fine_tuned_model_checkpoint == job.fine_tuned_model
    assert checkpoint.metrics.train_loss is not None
    assert [one.id for one in teacher.fine_tuning.jobs.list()] == [created.id]
    # Without a restart it is listed, asked, embedded with, and deleted.
    assert job.fine_tuned_model in {model.id for model in teacher.models.list()}
    asked: Any = {"messages": [{"role": "user", "content": "Who signs?"}], "temperature": 0}
    tuned = teacher.chat.completions.create(model=job.fine_tuned_model, max_tokens=16, **asked)
    raw = teacher.chat.completions.create(model="dragon:raw", max_tokens=16, **asked)
    assert tuned.choices[0].message.content != raw.choices[0].message.content
    assert teacher.embeddings.create(model=job.fine_tuned_model, input="x").data
    with pytest.raises(openai.ConflictError, match="given at the start"):
        teacher.models.delete("dragon:raw")
    with pytest.raises(openai.ConflictError, match="is over"):
        teacher.fine_tuning.jobs.cancel(created.id)
    assert teacher.models.delete(job.fine_tuned_model).deleted
    with pytest.raises(openai.NotFoundError):
        teacher.chat.completions.create(model=job.fine_tuned_model, **asked)
    assert not list((teaching.state.settings.state / "models").iterdir())


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b'{"prompt": "a", "completion": "b"}\n{"messages": [}\n', "Line 2 is not valid JSON"),
        (b'{"prompt": "a", "completion": "b"}\n\n[1]\n', "Line 3 is no JSON object"),
        (b'{"question": "a"}\n', "Line 1 has the fields question"),
        (b'{"messages": [{"role": "user", "content": "a"}]}\n', "Line 1: the assistant says"),
        (b'{"messages": [{"role": "user"}]}\n', "Line 1, message 1"),
        (b'{"prompt": "a", "completion": 5}\n', "Line 1: completion is 5"),
        (b"\xff\xfe{}\n", "Line 1 is not valid JSON"),
        (b"\n\n", "holds no conversations"),
    ],
)
def test_a_file_is_looked_at_before_anything_is_trained(
    teaching: Served, teacher: OpenAI, data: bytes, part: str
) -> None:
    job = teacher.fine_tuning.jobs.create(model="dragon:raw", training_file=upload(teacher, data))
    failed = over(teacher, job.id)
    assert failed.status == "failed"
    assert failed.error.code == "invalid_training_file"
    assert part in failed.error.message
    (last, *_) = teacher.fine_tuning.jobs.list_events(job.id)
    assert (last.level, part in last.message) == ("error", True)


@pytest.mark.parametrize(
    ("fields", "kind", "part"),
    [
        ({"training_file": "file-nope"}, openai.NotFoundError, "file-nope"),
        ({"model": "dragon"}, openai.NotFoundError, "dragon"),
        ({"hyperparameters": {"batch_size": 4}}, openai.BadRequestError, "batch_size"),
        ({"hyperparameters": {"n_epochs": 0}}, openai.BadRequestError, "n_epochs"),
        ({"suffix": "a/b"}, openai.BadRequestError, "suffix"),
        ({"integrations": [{"type": "wandb"}]}, openai.BadRequestError, "integrations"),
        ({"method": {"type": "dpo"}}, openai.BadRequestError, "method"),
        ({"extra_body": {"library": "default"}}, openai.BadRequestError, "library is not supp"),
        (FROM | {"extra_body": {"library": "nope"}}, openai.NotFoundError, "nope"),
        (FROM | {"extra_body": {"library": 5}}, openai.BadRequestError, "library"),
        (FROM, openai.BadRequestError, "training_file"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    served: Served, client: OpenAI, fields: dict[str, Any], kind: type[Exception], part: str
) -> None:
    given = {"model": "dragon:raw", "training_file": upload(client)} | fields
    with pytest.raises(kind, match=part):
        client.fine_tuning.jobs.create(**given)
    assert not list(client.fine_tuning.jobs.list())


def test_files_to_learn_from_are_kept_apart(client: OpenAI, served: Served) -> None:
    document = client.files.create(file=("a.md", io.BytesIO(b"x")), purpose="assistants").id
    with pytest.raises(openai.BadRequestError, match="purpose assistants"):
        client.fine_tuning.jobs.create(model="dragon:raw", training_file=document)
    with pytest.raises(openai.BadRequestError, match=r"\.jsonl"):
        upload(client, b"x", "talks.txt")
    store = client.vector_stores.create(name="Store")
    with pytest.raises(openai.BadRequestError, match="to learn from"):
        client.vector_stores.files.create(store.id, file_id=upload(client))
    client.vector_stores.delete(store.id)


def test_jobs_need_a_scope_and_belong_to_their_key(fresh: ServerSettings, models: Models) -> None:
    from dragon.server.keys import Keys

    keys = Keys(fresh.state / "keys.json")
    secrets = {
        name: keys.add(name, scopes)[1]
        for name, scopes in {"teacher": ("ask", "train"), "asker": ("ask", "documents")}.items()
    }
    with serving(replace(fresh, generator=models.writer, nice=0)) as served:
        clients = {
            name: OpenAI(base_url=f"{served.url}/v1", api_key=secret, max_retries=0)
            for name, secret in secrets.items()
        }
        with pytest.raises(openai.PermissionDeniedError, match="'train'"):
            upload(clients["asker"])
        file = upload(clients["teacher"], b'{"prompt": 1}\n')
        job = clients["teacher"].fine_tuning.jobs.create(model="dragon:raw", training_file=file)
        for refused in (
            lambda asker: asker.fine_tuning.jobs.create(model="dragon:raw", training_file=file),
            lambda asker: asker.fine_tuning.jobs.cancel(job.id),
            lambda asker: asker.models.delete("dragon:raw"),
        ):
            with pytest.raises(openai.PermissionDeniedError, match="'train'"):
                refused(clients["asker"])
        with pytest.raises(openai.NotFoundError):
            clients["asker"].fine_tuning.jobs.retrieve(job.id)
        assert not list(clients["asker"].fine_tuning.jobs.list())
        over(clients["teacher"], job.id)
        for client in clients.values():
            client.close()


def test_without_pytorch_a_job_fails_with_the_remedy(
    teacher: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dragon.server import training

    monkeypatch.setattr(training, "find_spec", lambda name: None)
    file = upload(teacher)
    job = teacher.fine_tuning.jobs.create(model="dragon:raw", training_file=file)
    failed = over(teacher, job.id)
    assert failed.status == "failed"
    assert "pip install 'dragon-lm[train]'" in failed.error.message


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_a_job_that_runs_can_be_cancelled(teaching: Served, teacher: OpenAI) -> None:
    file, asked = upload(teacher), {"hyperparameters": {"n_epochs": 50}}
    jobs = teacher.fine_tuning.jobs
    first = jobs.create(model="dragon:raw", training_file=file, extra_body=asked)
    second = jobs.create(model="dragon:raw", training_file=file)
    wait_until(lambda: jobs.retrieve(first.id).status == "running", 300)
    wait_until(lambda: jobs.retrieve(second.id).status == "queued")  # one at a time
    assert jobs.cancel(second.id).status == "cancelled"
    assert jobs.cancel(first.id).status == "cancelled"
    lock = teaching.state.settings.state / "jobs.lock"
    wait_until(lambda: not lock.exists() or is_free(lock))
    assert jobs.retrieve(first.id).fine_tuned_model is None
    assert not (teaching.state.settings.state / "models").exists()


def is_free(lock: Path) -> bool:
    import fcntl

    file = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def test_the_short_form_is_the_same(teaching: Served, teacher: OpenAI) -> None:
    response = teaching.http.post("/fine-tune", json={"training_file": upload(teacher, b"\n")})
    assert response.status_code == 200
    assert over(teacher, response.json()["id"]).status == "failed"
