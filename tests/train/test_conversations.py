"""Rows become messages, messages become tokens, and only what the assistant says is learned."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import DragonError
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.train.chat import ChatFormat
from dragon.train.conversations import messages_of, read_conversations

ASKED = {"role": "user", "content": "Who?"}
SAID = {"role": "assistant", "content": "Ada."}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, SAID]},
        {"messages": json.dumps([ASKED, SAID])},
        {"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Ada."}]},
        {"prompt": "Who?", "response": "Ada."},
        {"prompt": "Who?", "completion": "Ada.", "system": ""},
        {"question": "Who?", "answer": "Ada."},
        {"instruction": "Who?", "input": "", "output": "Ada."},
    ],
)
def test_every_shape_gives_the_same_messages(row: dict[str, object]) -> None:
    assert messages_of(row, "here") == [ASKED, SAID]


def test_a_system_message_and_an_input_have_their_places() -> None:
    row = {"instruction": "Who?", "input": "A list.", "output": "Ada.", "system": "Be short."}
    first, asked, _ = messages_of(row, "here")
    assert first == {"role": "system", "content": "Be short."}
    assert asked["content"] == "Who?\n\nA list."


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "Who?"}, "row 2 has the fields text. Give messages; prompt and response;"),
        ({"prompt": "Who?", "response": 5}, "row 2: response is 5. It must be text."),
        ({"prompt": "Who?", "response": " "}, "row 2: the assistant says nothing."),
        ({"messages": [SAID]}, "row 2: the assistant says nothing."),
        ({"messages": [ASKED, {"role": "user"}]}, "row 2, message 2 is {'role': 'user'}. Give"),
        ({"messages": "[1"}, "row 2: messages are not JSON"),
        ({"messages": 7}, "row 2: messages are 7. Give a list."),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, row: object, message: str) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps({"prompt": "a", "response": "b"}) + "\n" + json.dumps(row))
    with pytest.raises(DragonError) as error:
        list(read_conversations(path))
    assert str(error.value).startswith(f"{path}, {message}")


def test_csv_json_and_jsonl_hold_the_same(tmp_path: Path) -> None:
    rows = [{"prompt": f"Who is {n}?", "response": f'"{n}", of course.\nYes.'} for n in range(3)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "b.jsonl").write_text("\n\n".join(map(json.dumps, rows)))
    with (tmp_path / "c.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["prompt", "response"])
        writer.writeheader()
        writer.writerows(rows)
    a, b, c = ([m for _, m in read_conversations(p)] for p in sorted(tmp_path.iterdir()))
    assert a == b == c
    assert len(list(read_conversations(tmp_path))) == 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    BpeTokenizer.train(["Who keeps the keys? Ada keeps them."], 300).save(folder)
    return folder


def rewrite(folder: Path, out: Path, **changes: object) -> ChatFormat:
    """The format of a tokenizer with other values in tokenizer_config.json; None leaves one out."""
    tokenizer = load_tokenizer(folder)
    tokenizer.save(out)
    config = json.loads((out / "tokenizer_config.json").read_text()) | changes
    kept = {k: v for k, v in config.items() if v is not None}
    (out / "tokenizer_config.json").write_text(json.dumps(kept))
    return ChatFormat(out, tokenizer)


WORDS = st.text(st.sampled_from("Ada? <|end|>\n7é"), min_size=1, max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_what_is_learned_is_what_the_assistant_says(
    folder: Path, turns: list[tuple[str, str]]
) -> None:
    tokenizer = load_tokenizer(folder)
    messages = []
    for asked, said in turns:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    [example] = ChatFormat(folder, tokenizer).examples(messages)
    expected = [i for _, said in turns for i in [*tokenizer.encode(said), tokenizer.id("<|end|>")]]
    assert example.ids[example.learned].tolist() == expected
    assert len(example.learned) == len(example.ids)


def test_a_model_without_a_template_gets_one(folder: Path, tmp_path: Path) -> None:
    form = rewrite(folder, tmp_path, chat_template=None)
    assert form.is_new
    [example] = form.examples([ASKED, SAID])
    decode = form.tokenizer.decode
    assert decode(example.ids.tolist(), keep_special=True) == "Who?<|end|>Ada.<|end|>"
    assert decode(example.ids[example.learned].tolist(), keep_special=True) == "Ada.<|end|>"


def test_neither_template_nor_end_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DragonError, match="neither a chat template nor an end token"):
        rewrite(folder, tmp_path, chat_template=None, eos_token=None)


def test_a_template_that_forgets_gives_an_example_an_answer(folder: Path, tmp_path: Path) -> None:
    """Some models leave out of earlier turns what they thought: each answer is its own example."""
    template = (
        "{% for m in messages %}{{ m['content'] }}"
        "{% if loop.last and m['role'] == 'assistant' %}!{% endif %}|{% endfor %}"
    )
    form = rewrite(folder, tmp_path, chat_template=template)
    first, second = form.examples([ASKED, SAID, ASKED, SAID])
    decode = form.tokenizer.decode
    assert decode(first.ids.tolist()) == "Who?|Ada.!|"
    assert decode(first.ids[first.learned].tolist()) == "Ada.!|"
    assert decode(second.ids.tolist()) == "Who?|Ada.|Who?|Ada.!|"
    assert decode(second.ids[second.learned].tolist()) == "Ada.!|"
    assert second.ids[-1] == form.tokenizer.id("<|end|>")  # or it would learn to talk on
    assert second.learned[-1]


def test_a_template_that_refuses_is_said_with_the_row(folder: Path, tmp_path: Path) -> None:
    form = rewrite(folder, tmp_path)
    with pytest.raises(DragonError, match="Unknown role: poet"):
        list(form.examples([{"role": "poet", "content": "O"}, SAID]))
    assert np.all([e.learned.any() for e in form.examples([ASKED, SAID])])
