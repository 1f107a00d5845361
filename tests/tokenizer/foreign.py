"""Small tokenizers in the way of each family, as folders like those that are downloaded."""

import json
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, models, trainers

from dragon.tokenizer.foreign import CUTS, begin_with, byte_level, sentence_piece
from tests.tokenizer.corpus import CORPUS

CHATML = (
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message.role + '\\n' + message.content | trim + '<|im_end|>\\n' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}\n"
)
LLAMA2 = (
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}"
    "{% else %}{% generation %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endgeneration %}"
    "{% endif %}{% endfor %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
    "message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
SPECIAL: dict[str, list[str]] = {
    "gpt-2": ["<|endoftext|>"],
    "smollm": ["<|im_start|>", "<|im_end|>"],
    "qwen2": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "llama-bpe": ["<|begin|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
    "llama-2": ["<unk>", "<s>", "</s>"],
}
TEMPLATES = {"smollm": CHATML, "qwen2": CHATML, "llama-bpe": LLAMA3, "llama-2": LLAMA2}
KINDS = list(SPECIAL)


def learnt(cut: str, size: int = 420) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A byte-level vocabulary and its merges."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = CUTS[cut]()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(alphabet), show_progress=False
    )
    inner.train_from_iterator(CORPUS, trainer)
    model = json.loads(inner.to_str())["model"]
    return model["vocab"], [(left, right) for left, right in model["merges"]]


def make(kind: str) -> tokenizers.Tokenizer:
    if kind == "llama-2":
        return _make_llama_2()
    vocab, merges = learnt(kind)
    added = [AddedToken(t, special=True, normalized=False) for t in SPECIAL[kind]]
    if kind == "qwen2":
        added.append(AddedToken("<think>", special=False, normalized=False))
    inner = byte_level(vocab, merges, kind, added)
    if kind == "llama-bpe":
        begin_with(inner, "<|begin|>", inner.token_to_id("<|begin|>"))
    return inner


def _make_llama_2() -> tokenizers.Tokenizer:
    special = SPECIAL["llama-2"]
    plain = sentence_piece({}, [])
    trainer = trainers.BpeTrainer(vocab_size=300, show_progress=False)
    plain.train_from_iterator(CORPUS, trainer)
    model = json.loads(plain.to_str())["model"]
    first = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    # In SentencePiece's order: special, bytes, what merges make, single characters.
    made = ["".join(pair) for pair in model["merges"]]
    entries = dict.fromkeys([*first, *made, *model["vocab"]])
    vocab = {token: id for id, token in enumerate(entries)}
    added = [AddedToken(t, special=True, normalized=False) for t in special]
    inner = sentence_piece(vocab, [tuple(m) for m in model["merges"]], added, "<unk>")
    begin_with(inner, "<s>", vocab["<s>"])
    return inner


def config(kind: str) -> dict[str, Any]:
    """The content of tokenizer_config.json."""
    special = SPECIAL[kind]
    begin = {"llama-bpe": "<|begin|>", "llama-2": "<s>"}.get(kind)
    end = {"llama-bpe": "<|eot_id|>"}.get(kind, special[-1])
    values: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "eos_token": end,
    }
    if begin:
        values["bos_token"] = begin
    if kind in TEMPLATES:
        values["chat_template"] = TEMPLATES[kind]
    return values


def write(kind: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    make(kind).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config(kind)))
    return folder


def write_two_files(kind: str, folder: Path) -> Path:
    """vocab.json and merges.txt, as GPT-2 and Qwen come."""
    vocab, merges = learnt(kind)
    size = len(vocab)
    special = {token: size + place for place, token in enumerate(SPECIAL[kind])}
    if kind == "gpt-2":
        vocab |= special
        values: dict[str, Any] = {"tokenizer_class": "GPT2Tokenizer"}
    else:
        decoder = {str(id): {"content": token, "special": True} for token, id in special.items()}
        values = {"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), "utf-8")
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(values))
    return folder
