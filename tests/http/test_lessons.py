"""Jobs that learn from a library: from its documents to a model that is served, and what fails."""

import json
from dataclasses import replace

import openai
import pytest
from openai import OpenAI

from dragon.server.settings import ServerSettings
from tests.http.conftest import Models
from tests.http.running import Served, serving, settled, wait_until
from tests.http.test_fine_tuning import OPEN, over, teacher, teaching

__all__ = ["teacher", "teaching"]  # fixtures

PORTS = {"Ostrel": 12, "Quernmouth": 7, "Ilvane": 31, "Sarrow": 5}


def test_an_empty_library_teaches_nothing(client: OpenAI) -> None:
    store = client.vector_stores.create(name="Empty")
    with pytest.raises(openai.BadRequestError, match="no documents yet") as caught:
        client.fine_tuning.jobs.create(
            model="dragon:raw", training_file=openai.omit, extra_body={"library": store.id}
        )
    assert (caught.value.param, caught.value.code) == ("library", "empty_library")
    client.vector_stores.delete(store.id)


def test_a_library_of_which_nothing_can_be_asked_fails_the_job(
    teaching: Served, teacher: OpenAI
) -> None:
    own = teaching.http.post("/api/libraries", json={"name": "Short"}).json()["id"]
    file = {"file": ("yes.md", b"Yes.")}
    teaching.http.post(f"/api/documents?library={own}", files=file)
    settled(teaching, own)
    job = teaching.http.post("/fine-tune", json={"library": own}).json()
    failed = over(teacher, job["id"])
    assert failed.status == "failed"
    assert "No question came out" in failed.error.message


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_a_library_to_a_model_that_is_served(teaching: Served, teacher: OpenAI) -> None:
    own = teacher.vector_stores.create(name="Ports").id
    for number, (port, berths) in enumerate(PORTS.items()):
        text = f"{port} is a harbour on the north coast of the island. "
        text += f"A berth is a place where a ship is moored. {port} has {berths} berths."
        file = {"file": (f"port-{number}.md", f"# {port}\n\n{text}\n".encode())}
        teaching.http.post(f"/api/documents?library={own}", files=file)
    settled(teaching, own)
    created = teacher.fine_tuning.jobs.create(
        model="dragon:raw",
        training_file=openai.omit,
        extra_body={"library": own, "hyperparameters": {"n_epochs": 1}},
    )
    assert created.training_file is None
    job = over(teacher, created.id)
    assert job.status == "succeeded", job.error
    extra = job.model_extra["dragon"]
    assert extra["library"] == own
    assert extra["conversations"] >= len(PORTS)
    assert job.fine_tuned_model in {model.id for model in teacher.models.list()}
    folder = teaching.state.settings.state / "jobs" / job.id
    lines = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    passages = [line["messages"][0] for line in lines]
    assert {one["role"] for one in passages} == {"system"}
    assert all(any(port in one["content"] for port in PORTS) for one in passages)
    assert {path.name for path in folder.iterdir()}.isdisjoint({"texts.jsonl", "questions"})


def test_questions_are_made_after_a_restart(fresh: ServerSettings, models: Models) -> None:
    (fresh.docs[0] / "pier.md").write_text("# Pier\n\n" + "A berth is a place for a ship. " * 8)
    settings = replace(fresh, generator=models.writer, nice=0)
    with serving(settings) as served:
        settled(served)
        job = served.http.post("/fine-tune", json={"library": "default"}).json()["id"]
        assert served.http.get(f"/v1/fine_tuning/jobs/{job}").json()["status"] in OPEN
    with serving(settings) as served:
        address = f"/v1/fine_tuning/jobs/{job}"
        wait_until(lambda: served.http.get(address).json()["status"] in ("queued", "running"))
        assert served.http.get(address).json()["dragon"]["conversations"] > 0
        assert served.http.post(f"{address}/cancel").json()["status"] == "cancelled"
