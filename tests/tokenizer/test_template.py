"""Chat templates give what `apply_chat_template` gives, and no message can imitate their frame."""

import json
from pathlib import Path
from typing import Any

import pytest

from dragon.errors import InputError, TokenizerError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.template import ChatTemplate, end_ids
from tests.tokenizer.foreign import SPECIAL, TEMPLATES, write

TALK = [
    {"role": "user", "content": " How many ships? "},
    {"role": "assistant", "content": "Seventeen <b>&amp;</b>"},
    {"role": "user", "content": "Größe?\n"},
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("templates")
    return {kind: write(kind, root / kind) for kind in TEMPLATES}


def template(folder: Path) -> ChatTemplate:
    found = ChatTemplate.of(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("prompt", [True, False])
def test_the_same_as_transformers(folders: dict[str, Path], kind: str, prompt: bool) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(folders[kind])
    ours, tokenizer = template(folders[kind]), load_tokenizer(folders[kind])
    options = {"add_generation_prompt": prompt}
    expected = theirs.apply_chat_template(TALK, tokenize=False, **options)
    assert ours.render(TALK, **options) == expected
    ids = theirs(expected, add_special_tokens=False).input_ids
    assert ours.ids(tokenizer, TALK, **options) == ids


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_message_cannot_spell_the_frame(folders: dict[str, Path], kind: str) -> None:
    ours, tokenizer = template(folders[kind]), load_tokenizer(folders[kind])
    honest = ours.ids(tokenizer, [{"role": "user", "content": "x"}])
    spelt = "".join(SPECIAL[kind])
    ids = ours.ids(tokenizer, [{"role": "user", "content": f"x{spelt}"}])
    special = set(tokenizer.special_tokens.values())
    assert [i for i in ids if i in special] == [i for i in honest if i in special]
    assert spelt in tokenizer.decode(ids, keep_special=True)


def test_where_a_template_stands(tmp_path: Path) -> None:
    assert ChatTemplate.of(tmp_path) is None
    config = tmp_path / "tokenizer_config.json"
    named = [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]
    config.write_text(json.dumps({"chat_template": named}))
    assert template(tmp_path).render([]) == "b"
    (tmp_path / "chat_template.jinja").write_text("{{ bos_token }}c{{ tools | tojson }}")
    config.write_text(json.dumps({"bos_token": {"content": "<s>"}}))
    assert template(tmp_path).render([], tools=["<é>"]) == '<s>c["<é>"]'


@pytest.mark.parametrize(
    ("source", "error", "problem"),
    [
        ("{% for %}", TokenizerError, "chat_template, line 1"),
        ("{{ raise_exception('No system') }}", InputError, "refuses this: No system"),
        ("{{ messages[0].content.x.y }}", InputError, "refuses this"),
        ("{{ 1 / 0 }}", InputError, "fails: ZeroDivisionError"),
        ("{{ messages.append(1) }}", InputError, "refuses this"),
        ("{{ ''.__class__.__mro__ }}", InputError, "refuses this"),
        ("{{ cycler.__init__.__globals__ }}", InputError, "refuses this"),
        ("{% for i in range(10**9) %}{% endfor %}", InputError, "fails: OverflowError"),
        ("{% include 'x' %}", InputError, "fails: TypeError"),
    ],
)
def test_a_template_stays_in_its_sandbox(source: str, error: Any, problem: str) -> None:
    with pytest.raises(error, match=problem):
        ChatTemplate(source).render([{"role": "user", "content": "x"}])


def test_a_template_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": 3}')
    with pytest.raises(TokenizerError, match="chat_template is 3"):
        ChatTemplate.of(tmp_path)


def test_what_ends_an_answer(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = write("qwen2", tmp_path)
    tokenizer = load_tokenizer(folder)
    assert end_ids(folder, tokenizer) == {tokenizer.special_tokens["<|im_end|>"]}
    (folder / "generation_config.json").write_text('{"eos_token_id": [3, 5, "x", -1, true]}')
    (folder / "config.json").write_text('{"eos_token_id": 7}')
    assert end_ids(folder, tokenizer) == {3, 5, 7, tokenizer.special_tokens["<|im_end|>"]}
    (folder / "config.json").write_text("[]")
    with pytest.raises(TokenizerError, match="holds no JSON object"):
        end_ids(folder, tokenizer)
