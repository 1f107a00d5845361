// The text, token by token: what the colours can show, and which token is chosen.

// What the colours of the tokens can show, and how strong each token's colour is.
const MODES = reading
  ? {
      answer: ["Answer", "How probable it is that the answer begins or ends at a token; the best answer is underlined.", (i) => Math.sqrt(Math.max(...data.scores[i])), "--warm"],
      attention: ["Attention", "Where the chosen token looks, in the chosen map. Choose both by clicking.", (i) => Math.sqrt(weight(state.layer, state.head, state.token, i)), "--heat"],
      match: ["Matches", "Tokens whose word stands on the other side too, stronger for rare words: the model is told this.", (i) => data.features[i].heat.match, "--heat"],
      coverage: ["Coverage", "The share of the question's words that a token's sentence covers.", (i) => data.features[i].heat.coverage * 0.8, "--heat"],
      distance: ["Distance", "How near the closest matching word stands.", (i) => data.features[i].heat.distance * 0.8, "--heat"],
    }
  : {
      surprise: ["Surprise", "How little a token was expected: an uncoloured one was certain, the strongest colour means one in a thousand or less.", (i) => (i ? Math.min(1, -Math.log10(Math.max(data.next[i - 1].came, 1e-9)) / 3) : 0), "--warm"],
      attention: ["Attention", "Where the chosen token looks, in the chosen map. Choose both by clicking.", (i) => Math.sqrt(weight(state.layer, state.head, state.token, i)), "--heat"],
    };
if (copies) MODES.copy = ["Copying", "What follows a strongly coloured token is copied rather than taken from the vocabulary.", (i) => 1 - data.pointer.gate[i], "--warm"];

function drawModes() {
  $("modes").replaceChildren(
    ...Object.entries(MODES).map(([name, [label]]) => {
      const button = make("button", "", label);
      button.type = "button";
      button.setAttribute("aria-pressed", name === state.mode);
      button.addEventListener("click", () => choose({ mode: name }));
      return button;
    }),
  );
  $("says").textContent = MODES[state.mode][1];
}

const answer = new Set(reading && data.spans.length && data.spans[0].margin > 0 ? data.spans[0].tokens : []);

function makeTokens() {
  $("tokens").replaceChildren(
    ...data.tokens.map((token, i) => {
      const node = make("button", "token" + (token.special ? " special" : "") + (answer.has(i) ? " answer" : ""), visibleText(token.text));
      node.type = "button";
      node.setAttribute("role", "option");
      node.addEventListener("click", () => choose({ token: i }));
      return node;
    }),
  );
}

function drawTokens() {
  const [, , strength, colour] = MODES[state.mode];
  [...$("tokens").children].forEach((node, i) => {
    const share = Math.round(Math.min(1, strength(i)) * 68);
    node.style.background = share ? `color-mix(in oklab, var(${colour}) ${share}%, transparent)` : "";
    node.setAttribute("aria-selected", i === state.token);
    node.tabIndex = i === state.token ? 0 : -1;
  });
}
