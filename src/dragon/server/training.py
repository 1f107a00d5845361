"""Runs fine-tuning jobs one after the other, each in a process of its own at low priority.

In: jobs of the database. Out: their states and events, and models that are served at once. What is
running when the server ends, however it ends, goes on from its last checkpoint at the next start.
"""

import json
import shutil
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from dragon.checkpoint import read_config
from dragon.errors import DragonError
from dragon.server import jobs as states
from dragon.server.commands import Command, run_attended
from dragon.server.curve import Curve
from dragon.server.database import Database, now
from dragon.server.examples import look_at, plan
from dragon.server.jobs import Job, Jobs
from dragon.server.lessons import SYNTHESIS, write_lessons
from dragon.server.logs import log
from dragon.server.writers import Writers
from dragon.tokenizer import Tokenizer, load_tokenizer

LOCK, LESSONS_LOCK = "jobs.lock", "lessons.lock"  # one trains and one prepares at a time
CHECKPOINT_STEPS = 10
EVENTS = 50  # about so many tell figures
NO_TORCH = (
    "Fine-tuning needs PyTorch, which is not installed where the server runs. "
    "Run: pip install 'dragon-lm[train]', and create the job again."
)


class Stopped(Exception):  # noqa: N818
    """The job was cancelled, or the server ends."""


class Trainer:
    """The thread that works on the jobs of a server.

    Args:
        database: knows the jobs.
        folder: holds their data and runs in `jobs/`, their results in `models/`.
        writers: serve the results.
        nice: by how much the priority of training is lowered.
    """

    def __init__(self, database: Database, folder: Path, writers: Writers, nice: int) -> None:
        self.jobs = Jobs(database)
        self._folder, self._writers, self._nice = folder, writers, nice
        self._more = threading.Event()
        self._closing = threading.Event()
        self._looking: list[threading.Thread] = []
        self._began: tuple[str, int, float] = ("", 0, 0.0)  # job, step and time of its start
        self._thread = threading.Thread(target=self._serve, name="training", daemon=True)
        for job in self.jobs.all():
            if job.status == states.SUCCEEDED and self._result(job).is_dir():
                writers.add(job.model, self._result(job))

    def start(self) -> None:
        """Go on with what was left, and begin to work."""
        self._thread.start()
        for job in self.jobs.all():
            if job.status == states.VALIDATING:
                self.validate(job)

    def close(self, seconds: float = 20.0) -> None:
        """Interrupt what is running; it goes on at the next start."""
        self._closing.set()
        self._more.set()
        for thread in (*self._looking, self._thread):
            if thread.is_alive():
                thread.join(seconds)

    def data(self, job: str, name: str) -> Path:
        """Where a job's own copy of a file lies: "train" or "valid", or a library's "texts"."""
        return self._folder / "jobs" / job / f"{name}.jsonl"

    def validate(self, job: Job) -> None:
        """Look at a job's files, in a thread of its own, and queue it."""
        looking = threading.Thread(target=self._validate, args=(job,), daemon=True)
        self._looking = [t for t in self._looking if t.is_alive()] + [looking]
        looking.start()

    def cancel(self, job: Job) -> bool:
        """Cancel a job; False where it is over."""
        moved = self.jobs.move(job.id, states.CANCELLED)
        if moved:
            self.jobs.tell(job.id, "The job was cancelled.")
        return moved

    def forget(self, model: str) -> bool:
        """Delete a fine-tuned model and its files; False where it is none of a job's."""
        for job in self.jobs.all():
            if job.model == model and model in self._writers:
                self._writers.remove(model)
                shutil.rmtree(self._result(job), ignore_errors=True)
                shutil.rmtree(self._folder / "jobs" / job.id, ignore_errors=True)
                return True
        return False

    def curve(self, job: Job) -> Curve:
        """What a job has logged so far."""
        return Curve.of(self._run_folder(job))

    def finish(self, job: Job, curve: Curve) -> int | None:
        """When a running job will be done, in Unix seconds, by the time of its steps so far."""
        id, first, began = self._began
        done = curve.step - first
        if id != job.id or job.status != states.RUNNING or done < 1:
            return None
        left = (curve.steps - curve.step) * (time.monotonic() - began) / done
        return now() + max(0, round(left))

    def _run_folder(self, job: Job) -> Path:
        return self._folder / "jobs" / job.id / "run"

    def _result(self, job: Job) -> Path:
        return self._folder / "models" / job.id

    def _validate(self, job: Job) -> None:
        try:
            tokenizer = load_tokenizer(job.folder)
            if job.asked.get("library"):
                self._prepare(job, tokenizer)
            else:
                self.jobs.tell(job.id, f"Validating training file: {job.asked['training_file']}")
            if self.data(job.id, "valid").exists():
                look_at(self.data(job.id, "valid"), tokenizer)
            chosen = plan(look_at(self.data(job.id, "train"), tokenizer), job.asked)
            self.jobs.plan(job.id, chosen)
            if self.jobs.move(job.id, states.QUEUED):
                said = f"{chosen['conversations']} conversations, {chosen['tokens']} tokens"
                self.jobs.tell(job.id, f"Files validated ({said}), job queued")
                self._more.set()
        except Stopped:
            return
        except Exception as error:
            if not self._closing.is_set():
                self._fail(job, "invalid_training_file", error)

    def _prepare(self, job: Job, tokenizer: Tokenizer) -> None:
        """Make questions of the texts of a library, unless that is done."""
        texts, train = self.data(job.id, "texts"), self.data(job.id, "train")
        if train.exists():
            return
        self.jobs.tell(job.id, f"Making questions about the library: {job.asked['library']}")
        questions = texts.with_name("questions")
        seed = ("--seed", job.asked["seed"])
        made = ("data", "synthesize", texts, "--out", questions, *SYNTHESIS, *seed)
        self._run(job, LESSONS_LOCK, Command(made, "Making questions"))
        write_lessons(questions, train, tokenizer, read_config(job.folder).max_position_embeddings)
        shutil.rmtree(questions, ignore_errors=True)
        texts.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._more.clear()
            try:
                job = self.jobs.next()
            except DragonError:  # the disk is full, perhaps; the store's own error is in the log
                job = None
            if job is None:
                self._more.wait(5)
                continue
            try:
                self._work(job)
            except Stopped:
                continue
            except Exception as error:
                self._fail(job, "training_failed", error)
                self._closing.wait(1)  # a store that fails must not be asked on and on

    def _work(self, job: Job) -> None:
        if find_spec("torch") is None:
            raise DragonError(NO_TORCH)
        again = self._run_folder(job).joinpath("last").is_dir()
        if self.jobs.move(job.id, states.RUNNING):
            goes_on = "Going on from the last checkpoint" if again else "Training started"
            self.jobs.tell(job.id, goes_on)
        config = self._folder / "jobs" / job.id / "config.toml"
        config.write_text(self._toml(job), "utf-8")
        self._began = (job.id, self.curve(job).step, time.monotonic())
        run = self._run_folder(job)
        train = ("train", "--config", config, "--out", run, *(["--resume"] * again))
        self._run(job, LOCK, Command(train, "Training", "Try a smaller lora_r."))
        kept = run / "best" if (run / "best").is_dir() else run / "last"
        merge = ("merge", kept, "--base", job.folder, "--out", self._result(job))
        self._run(job, LOCK, Command(merge, "Merging"))
        self._writers.add(job.model, self._result(job))
        if self.jobs.move(job.id, states.SUCCEEDED):
            self.jobs.tell(job.id, f"New fine-tuned model created: {job.model}")
            self.jobs.tell(job.id, "The job has successfully completed")
        else:
            self.forget(job.model)

    def _toml(self, job: Job) -> str:
        """The configuration; JSON's strings and numbers are TOML's too."""
        chosen, valid = job.plan, self.data(job.id, "valid")
        train = {
            "objective": "instruct",
            "data": str(self.data(job.id, "train")),
            "init": str(job.folder),
            "epochs": float(chosen["epochs"]),
            "batch_tokens": chosen["batch_tokens"],
            "learning_rate": chosen["learning_rate"],
            "min_learning_rate": chosen["learning_rate"] / 10,
            "warmup_steps": 5,
            "eval_every": CHECKPOINT_STEPS,
            "save_every": CHECKPOINT_STEPS,
            "seed": job.asked["seed"],
        }
        train |= {"validation": str(valid)} if valid.exists() else {}
        lora = {"r": chosen["lora_r"], "alpha": 2.0 * chosen["lora_r"]}
        sections = {"train": train, "lora": lora}
        return "\n".join(
            f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in section.items())
            for name, section in sections.items()
        )

    def _run(self, job: Job, lock: str, command: Command) -> None:
        """Run a command to its end, telling of its steps."""
        told = self.curve(job).step

        def look() -> None:
            nonlocal told
            told = self._tell(job, told)
            if self._closing.is_set() or not self.jobs.get(job.id).is_open:
                raise Stopped

        folder = self._folder / "jobs" / job.id
        run_attended(command, folder, self._folder / lock, self._nice, look)

    def _tell(self, job: Job, told: int) -> int:
        """Make events of what was logged since a step; returns the last step told."""
        curve = self.curve(job)
        every = max(1, curve.steps // EVENTS)
        for point in curve.points:
            step = int(point["step"])
            if step > told and (step % every == 0 or step == curve.steps or "val_loss" in point):
                data = {"step": step, "total_steps": curve.steps, "train_loss": point["loss"]}
                data |= {"valid_loss": point["val_loss"]} if "val_loss" in point else {}
                text = f"Step {step}/{curve.steps}: training loss={point['loss']:.3f}"
                self.jobs.tell(job.id, text, data=data)
        return max(told, curve.step)

    def _fail(self, job: Job, code: str, error: Exception) -> None:
        if isinstance(error, DragonError):
            said = str(error)
        else:
            said = f"The server failed ({type(error).__name__}). Its log knows more."
            log.exception("fine-tuning", job=job.id)
        try:
            if self.jobs.move(
                job.id, states.FAILED, {"code": code, "message": said, "param": None}
            ):
                self.jobs.tell(job.id, said, "error")
        except DragonError as problem:
            log.error("fine-tuning", job=job.id, problem=str(problem))
