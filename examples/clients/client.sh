#!/bin/sh
# Ask a running `dragon serve` with curl: sh examples/clients/client.sh "Question?"
# The question must hold no quotes: a shell has no JSON.
url=${DRAGON_URL:-http://127.0.0.1:8000}
question=${1:-How many days of annual leave do I get?}
curl --silent --show-error --no-buffer "$url/v1/chat/completions" \
  --header "Content-Type: application/json" \
  --header "Authorization: Bearer ${DRAGON_API_KEY:-none}" \
  --data "{\"model\": \"dragon\", \"messages\": [{\"role\": \"user\", \"content\": \"$question\"}]}"
