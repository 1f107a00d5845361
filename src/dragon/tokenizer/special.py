"""The special tokens: the first ids of every tokenizer that we train, the same for ever.

They frame prompts and are put there as ids. No text is ever parsed for them, so that a document or
a question which spells `<|system|>` stays a text that spells `<|system|>`.
"""

END = "<|end|>"
PAD = "<|pad|>"
SYSTEM = "<|system|>"
USER = "<|user|>"
ASSISTANT = "<|assistant|>"

# Position is id. The reserved ones let later formats have a token without a new vocabulary.
SPECIAL_TOKENS = (
    END,
    PAD,
    "<|question|>",
    "<|passage|>",
    "<|text|>",
    SYSTEM,
    USER,
    ASSISTANT,
    *(f"<|reserved_{i}|>" for i in range(8)),
)
UNKNOWN = "<|unknown|>"

# Rendered by `transformers`: every message is its role's token, its text and the end token.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('Unknown role: ' + message['role']) }}"
    "{% endif %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
