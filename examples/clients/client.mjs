// Ask a running `dragon serve` without a library: node examples/clients/client.mjs "Question?"
const url = process.env.DRAGON_URL ?? "http://127.0.0.1:8000";
const question = process.argv[2] ?? "How many days of annual leave do I get?";
const response = await fetch(`${url}/v1/chat/completions`, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    ...(process.env.DRAGON_API_KEY && { Authorization: `Bearer ${process.env.DRAGON_API_KEY}` }),
  },
  body: JSON.stringify({
    model: "dragon",
    stream: true,
    messages: [{ role: "user", content: question }],
  }),
});
if (!response.ok) {
  console.error((await response.json()).error.message);
  process.exit(1);
}

let rest = "";
for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
  const events = (rest + bytes).split("\n\n");
  rest = events.pop();
  for (const event of events) show(event.slice("data: ".length));
}

function show(data) {
  if (data === "[DONE]") return;
  const chunk = JSON.parse(data);
  process.stdout.write(chunk.choices?.[0]?.delta.content ?? "");
  for (const cited of chunk.choices?.[0]?.finish_reason ? (chunk.dragon?.citations ?? []) : []) {
    const place = `${cited.document}, characters ${cited.start} to ${cited.end}`;
    process.stdout.write(`\n[${cited.number}] ${place}: ${cited.sentence}`);
  }
  if (chunk.choices?.[0]?.finish_reason) process.stdout.write("\n");
}
