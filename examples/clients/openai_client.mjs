// Ask a running `dragon serve` with OpenAI's client: npm install openai
// node examples/clients/openai_client.mjs "Question?"
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: `${process.env.DRAGON_URL ?? "http://127.0.0.1:8000"}/v1`,
  apiKey: process.env.DRAGON_API_KEY ?? "none",
});
const question = process.argv[2] ?? "How many days of annual leave do I get?";
const stream = await client.chat.completions.create({
  model: "dragon",
  messages: [{ role: "user", content: question }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  if (!chunk.choices[0]?.finish_reason) continue;
  process.stdout.write("\n");
  for (const cited of chunk.dragon.citations) {
    const place = `${cited.document}, characters ${cited.start} to ${cited.end}`;
    console.log(`[${cited.number}] ${place}: ${cited.sentence}`);
  }
}
