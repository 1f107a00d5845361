"""Ask a running `dragon serve` with OpenAI's client: python examples/clients/python_client.py."""

import os
import sys

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("DRAGON_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ.get("DRAGON_API_KEY", "none"),
)
question = sys.argv[1] if len(sys.argv) > 1 else "How many days of annual leave do I get?"
stream = client.chat.completions.create(
    model="dragon", messages=[{"role": "user", "content": question}], stream=True
)
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
    dragon = (chunk.model_extra or {}).get("dragon", {})
    if "abstained" in dragon:
        print()
        for cited in dragon["citations"]:
            place = f"{cited['document']}, characters {cited['start']} to {cited['end']}"
            print(f"[{cited['number']}] {place}: {cited['sentence']}")
