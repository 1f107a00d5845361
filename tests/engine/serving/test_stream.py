"""The client's end: text, waiting, cancelling, failing, closing."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from dragon.config import ModelConfig
from dragon.engine.sampling import Sampling
from dragon.engine.serving import Event, Request
from dragon.errors import ConfigError, InputError
from dragon.tokenizer import BpeTokenizer
from tests.engine.models import engine
from tests.engine.serving.cores import CONTEXT, VOCABULARY, alone, model, serving

TOKENIZER = BpeTokenizer.train(["Übung macht den Meister; 你好, said the cat."] * 5, vocab_size=300)
SPEAKER = engine(ModelConfig(TOKENIZER.vocab_size, 16, 24, 2, 2, 1, CONTEXT), "numpy")
LONG = Request([1, 2], 200)


def soon(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to bring about."""
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came about")


@pytest.mark.parametrize("seed", range(4))
def test_streamed_text_is_the_whole_text(seed: int) -> None:
    request = Request([1, 2], 60, Sampling(1.0, seed=seed))
    with serving(SPEAKER, tokenizer=TOKENIZER) as core:
        events = list(core.submit(request))
    whole = TOKENIZER.decode([event.token for event in events if event.token is not None])
    assert "".join(event.text for event in events) == whole


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_stop_string_lies_across_tokens(seed: int, length: int) -> None:
    request = Request([1, 2], 60, Sampling(1.0, seed=seed))
    with serving(SPEAKER, tokenizer=TOKENIZER) as core:
        whole = core.submit(request).text()
        stop = whole[20 : 20 + length]
        stream = core.submit(
            Request([1, 2], 60, request.sampling, stop_strings=["never written", stop])
        )
        assert stream.text() == whole[: whole.index(stop)]
        assert stream.finish_reason == "stop"
        assert stream.usage.completion_tokens < 60


def test_the_beginning_of_a_stop_string_is_given_out_at_the_end() -> None:
    request = Request([1, 2], 20, Sampling(1.0, seed=0))
    with serving(SPEAKER, tokenizer=TOKENIZER) as core:
        whole = core.submit(request).text()
        stop = whole[-3:] + "never"
        last = alone(request, SPEAKER)[-1]
        held = Request([1, 2], 20, request.sampling, stop_strings=[stop])
        assert core.submit(held).text() == whole
        ended = Request([1, 2], 20, request.sampling, stop_ids=[last], stop_strings=[stop])
        events = list(core.submit(ended))
        assert whole.startswith("".join(event.text for event in events))


def test_cancelling_frees_at_once_and_ends_the_stream() -> None:
    with serving() as core:
        other = core.submit(LONG)
        stream = core.submit(Request([3], CONTEXT))
        first = stream.get()
        stream.cancel()
        stream.cancel()
        assert isinstance(first, Event)
        stream.tokens(timeout=60)
        assert stream.finish_reason == "cancelled"
        assert stream.get() is None
        other.tokens(timeout=100)
        soon(lambda: core.stats().running == 0)
        stats = core.stats()
        assert stats.kv_bytes_used == stats.prefix_bytes
        stream.cancel()  # long ended
        assert core.submit(LONG).tokens(timeout=100) == alone(LONG)


def test_waiting_requests_can_be_cancelled() -> None:
    with serving(max_sequences=1) as core:
        running, waiting = core.submit(LONG), core.submit(LONG)
        waiting.cancel()  # at once: a fast machine is soon through with the first
        assert waiting.tokens(timeout=60) == []
        assert (waiting.finish_reason, waiting.usage.completion_tokens) == ("cancelled", 0)
        assert running.tokens(timeout=100) == alone(LONG)


def test_no_token_in_time() -> None:
    with serving(max_sequences=1) as core:
        core.submit(LONG)
        waiting = core.submit(LONG)
        with pytest.raises(TimeoutError, match="no token within"):
            waiting.get(timeout=0.0)


def test_an_event_loop_is_told() -> None:
    told = threading.Semaphore(0)
    with serving() as core:
        stream = core.submit(Request([1], 5), notify=told.release)
        tokens = []
        while True:
            assert told.acquire(timeout=60)
            ended = stream.finish_reason is not None
            tokens += [event.token for event in stream.ready()]
            if ended:
                break
    assert tokens == alone(Request([1], 5))
    assert stream.ready() == []


def test_a_listener_that_fails_harms_nobody_else() -> None:
    def fail() -> None:
        raise RuntimeError("the loop is closed")

    with serving() as core:
        broken = core.submit(LONG, notify=fail)
        assert core.submit(Request([1], 5)).tokens(timeout=60) == alone(Request([1], 5))
        broken.tokens(timeout=60)
        assert broken.finish_reason == "cancelled"


class Falling:
    """A constraint that breaks after some tokens."""

    finished = False

    def __init__(self) -> None:
        self.left = 3

    def start(self) -> "Falling":
        return Falling()

    def allowed(self) -> None:
        return None

    def advance(self, token: int) -> None:
        self.left -= 1
        if not self.left:
            raise InputError("The rule is broken.")


def test_a_request_that_fails_harms_nobody_else() -> None:
    with serving() as core:
        broken, whole = core.submit(Request([1], 9, constraint=Falling())), core.submit(LONG)
        with pytest.raises(InputError, match="rule is broken"):
            broken.tokens(timeout=60)
        assert broken.finish_reason == "error"
        assert whole.tokens(timeout=100) == alone(LONG)


def test_a_pass_that_fails_is_told_to_all_in_it_and_the_next_goes_well() -> None:
    of = engine(model().config, "numpy")
    forward, fails = of.body.forward, [True]

    def once_bad(x: np.ndarray, runs: object) -> np.ndarray:
        if x.shape[0] == 7 and fails.pop():
            raise MemoryError("no room")
        return forward(x, runs)  # type: ignore[arg-type]

    of.body.forward = once_bad  # type: ignore[method-assign]
    with serving(of) as core:
        with pytest.raises(MemoryError):
            core.submit(Request([1] * 7, 3)).tokens(timeout=60)
        fails.append(False)
        assert len(core.submit(Request([1] * 7, 3)).tokens(timeout=60)) == 3


def test_closing_ends_everything() -> None:
    with serving(max_sequences=1) as core:
        streams = [core.submit(LONG) for _ in range(3)]
        core.close()
        for stream in streams:
            stream.tokens(timeout=60)
        assert streams[-1].finish_reason == "cancelled"
        with pytest.raises(InputError, match="closed"):
            core.submit(LONG)


def test_nothing_to_write() -> None:
    with serving() as core:
        stream = core.submit(Request([1], 0))
        assert stream.tokens(timeout=60) == []
        assert stream.finish_reason == "length"


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request([], 1), "at least one"),
        (Request([VOCABULARY], 1), "outside the vocabulary"),
        (Request([1] * (CONTEXT + 1), 1), "the model reads"),
        (Request([1], -1), "max_tokens is -1"),
        (Request([1], 1, logprobs=-1), "logprobs is -1"),
        (Request([1], 1, stop_strings=["x"]), "need a tokenizer"),
        (Request([1], 1, stop_strings=[""]), "stop string is empty"),
        (Request([1], 1, Sampling(logit_bias={VOCABULARY: 1.0})), "logit_bias names"),
        (Request([1] * 60, 70), "129 tokens; the budget"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused(request_: Request, says: str) -> None:
    with serving(chunks=2) as core:
        with pytest.raises(InputError, match=says):
            core.submit(request_)
        assert core.submit(Request([1] * 60, 69)).tokens(timeout=100)  # the largest that fits


def test_beams_are_refused_and_told_where_to_go() -> None:
    with pytest.raises(InputError, match=r"beams is 4; .*Engine.beam_search"):
        Request([1, 2], 4, beams=4)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_sequences": 0}, "max_sequences is 0"),
        ({"max_sequences": 4, "max_batch_tokens": 3}, "max_batch_tokens is 3"),
        ({"chunks": 0}, "memory_budget is 0"),
    ],
)
def test_limits_that_leave_no_room_are_refused(options: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigError, match=says), serving(**options):  # type: ignore[arg-type]
        pass
