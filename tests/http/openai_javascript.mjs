// What tests/http/test_javascript.py runs with OpenAI's JavaScript client: the checks are here.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { BadRequestError, NotFoundError } from "openai";

const client = new OpenAI({ baseURL: process.env.DRAGON_URL + "/v1", apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "How many days may visitors stay?" }];
const ANSWER = "Visitors may stay 30 days. [1]";

test("an answer with its citation", async () => {
  const reply = await client.chat.completions.create({ model: "dragon", messages });
  const [{ message, finish_reason }] = reply.choices;
  assert.equal(message.content, ANSWER);
  assert.equal(finish_reason, "stop");
  assert.equal(message.annotations[0].type, "url_citation");
  assert.equal(reply.dragon.citations[0].quote, "30");
  assert.ok(reply.usage.total_tokens > 0);
});

test("a stream, chunk by chunk", async () => {
  const stream = await client.chat.completions.create({
    model: "dragon", messages, stream: true, stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), ANSWER);
  assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
});

test("a stream put together by the client's helper", async () => {
  const runner = client.chat.completions.stream({
    model: "dragon:raw", messages, seed: 1, max_completion_tokens: 8, n: 2,
  });
  const whole = await runner.finalChatCompletion();
  assert.equal(whole.choices.length, 2);
  for (const choice of whole.choices) assert.equal(choice.message.role, "assistant");
});

test("a stream that the client ends", async () => {
  const stream = await client.chat.completions.create({
    model: "dragon:raw", messages, seed: 1, stream: true,
  });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break;
  }
  assert.ok(stream.controller.signal.aborted);
});

test("responses, streamed and not", async () => {
  const whole = await client.responses.create({ model: "dragon", input: messages[0].content });
  assert.equal(whole.output_text, ANSWER);
  const stream = await client.responses.create({
    model: "dragon", input: "And their dogs?", previous_response_id: whole.id, stream: true,
  });
  let text = "";
  let last;
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.equal(last.type, "response.completed");
  assert.equal(text, "Their dogs may stay 7 days. [1]");
});

test("embeddings, models, and errors by their classes", async () => {
  const { data } = await client.embeddings.create({ model: "dragon:raw", input: ["a seat", "a dog"] });
  assert.equal(data.length, 2);
  const length = Math.hypot(...data[0].embedding);
  assert.ok(Math.abs(length - 1) < 1e-3, `${length}`);
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes("dragon") && names.includes("dragon:raw"));
  await assert.rejects(
    client.chat.completions.create({ model: "dragon:nobody", messages }), NotFoundError);
  await assert.rejects(
    client.chat.completions.create({ model: "dragon", messages, stop: "x" }),
    (error) => error instanceof BadRequestError && error.param === "stop");
});
