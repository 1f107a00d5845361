// Softmax attention of one key/value head as two matrix products over the packed cache.

constexpr int QUERIES = 12;  // rows of the score buffer: a multiple of every tile

template <class Element>
constexpr bool SCALED = std::is_same_v<Element, Byte>;

// x [d] on its way into int8: notes the scale, returns what x is multiplied by.
static float shrink(const float* x, int d, float& scale) {
  float most = 0;
  for (int i = 0; i < d; i++) most = std::max(most, std::abs(x[i]));
  scale = most / 127.0f;
  return most > 1e-30f ? 127.0f / most : 0.0f;
}

// rows of scores, `stride` floats apart, times the scales of `tokens` tokens.
static void grow(float* scores, size_t stride, int rows, const float* scales, int tokens) {
  for (int i = 0; i < rows; i++)
    for (int t = 0; t < tokens; t += LANES)
      store(scores + i * stride + t, load(scores + i * stride + t) * load(scales + t));
}

// Stores one token's rotated key [d] and value [d] at its position.
template <class Element>
static void remember(const Cache& cache, int layer, int head, int d, int position, const float* key,
                     const float* value) {
  const int chunk = position / CHUNK_TOKENS, at = position % CHUNK_TOKENS;
  Element* keys =
      cache.keys<Element>(chunk, layer, head) + size_t(at / BLOCK) * d * BLOCK + at % BLOCK;
  Element* values = cache.values<Element>(chunk, layer, head) + size_t(at) * BLOCK;
  float shrink_key = 1, shrink_value = 1;
  if constexpr (SCALED<Element>) {
    float* scales = cache.scales(chunk, layer, head) + at;
    shrink_key = shrink(key, d, scales[0]);
    shrink_value = shrink(value, d, scales[CHUNK_TOKENS]);
  }
  auto keep = [&](int i, int n, Vec k, Vec v) {
    if constexpr (SCALED<Element>) {
      k = (k * shrink_key + ROUNDER) - ROUNDER;
      v = (v * shrink_value + ROUNDER) - ROUNDER;
    }
    Element converted[2][LANES];
    store(converted[0], k);
    store(converted[1], v);
    Element* to = values + size_t(i / BLOCK) * CHUNK_TOKENS * BLOCK + i % BLOCK;
    for (int j = 0; j < n; j++) {
      keys[(i + j) * BLOCK] = converted[0][j];
      to[j] = converted[1][j];
    }
  };
  int i = 0;
  for (; i + LANES <= d; i += LANES) keep(i, LANES, load(key + i), load(value + i));
  if (i == d) return;
  float rest[2][LANES] = {};
  std::copy(key + i, key + d, rest[0]);
  std::copy(value + i, value + d, rest[1]);
  keep(i, d - i, load(rest[0]), load(rest[1]));
}

// In place: scores [length], of which [first, last) count -> probabilities not yet divided by their
// sum, which is returned; the others become 0.
static float softmax_row(float* scores, int first, int last, int length, float scale) {
  auto outside = [&](float value) {
    for (int i = 0; i < first; i++) scores[i] = value;
    for (int i = last; i < length; i++) scores[i] = value;
  };
  outside(-3.0e38f);
  Vec top = load(scores);
  for (int i = LANES; i < length; i += LANES) top = larger(top, load(scores + i));
  const float most = maximum(top);
  Vec total{};
  for (int i = 0; i < length; i += LANES) {
    const Vec p = exponential((load(scores + i) - most) * scale);
    store(scores + i, p);
    total += p;  // outside it is e^-87: nothing beside the largest, which is e^0
  }
  outside(0.0f);
  return sum(total);
}

// n rows of queries [d] that share a key/value head, `stride` floats apart, and their results in the
// same places of `out`. Row i stands at token `position + i * advance`.
struct Queries {
  const float* q;
  float* out;
  size_t stride;
  int n, position, advance;
};

// scores: room for QUERIES rows of the tokens that are seen, padded; mixed: QUERIES rows of the padded
// head size.
template <class Element>
static void attend_rows(const Model& model, const Run& run, int layer, int head, const Queries& rows,
                        float* scores, float* mixed) {
  const int d = model.head_dim, d_padded = padded(d);
  auto last = [&](int i) { return std::max(run.visible, rows.position + i * rows.advance + 1); };
  auto first = [&](int i) { return model.window ? std::max(0, last(i) - model.window) : 0; };
  const int begin = first(0) / CHUNK_TOKENS * CHUNK_TOKENS, end = last(rows.n - 1);
  const int length = padded(end - begin);
  for (int at = begin; at < end; at += CHUNK_TOKENS) {
    const Element* keys = run.cache->keys<Element>(at / CHUNK_TOKENS, layer, head);
    const Output out{scores + (at - begin), size_t(length)};
    const int tokens = std::min(CHUNK_TOKENS, end - at);
    run_tiles(CacheTile<Element>{keys, size_t(d) * BLOCK, d, rows.q, rows.stride, out}, 0, blocks(tokens),
              rows.n);
    if constexpr (SCALED<Element>)
      grow(out.y, out.stride, rows.n, run.cache->scales(at / CHUNK_TOKENS, layer, head), padded(tokens));
  }
  const float scale = 1.0f / std::sqrt(float(d));
  float sums[QUERIES];
  for (int i = 0; i < rows.n; i++)
    sums[i] = softmax_row(scores + size_t(i) * length, first(i) - begin, last(i) - begin, length, scale);
  for (int at = begin; at < end; at += CHUNK_TOKENS) {
    const Element* values = run.cache->values<Element>(at / CHUNK_TOKENS, layer, head);
    const int tokens = std::min(CHUNK_TOKENS, end - at);
    if constexpr (SCALED<Element>)
      grow(scores + (at - begin), length, rows.n,
           run.cache->scales(at / CHUNK_TOKENS, layer, head) + CHUNK_TOKENS, padded(tokens));
    const Output out{mixed, size_t(d_padded), nullptr, at == begin ? Into::store : Into::add};
    run_tiles(CacheTile<Element>{values, size_t(CHUNK_TOKENS) * BLOCK, tokens, scores + (at - begin),
                                 size_t(length), out},
              0, blocks(d), rows.n);
  }
  for (int i = 0; i < rows.n; i++) {
    const float share = 1.0f / sums[i];
    for (int j = 0; j < d; j++) rows.out[i * rows.stride + j] = mixed[i * d_padded + j] * share;
  }
}

// Rows [first, last) of a run for all query heads of one key/value head: q [.., heads * d] -> out in the
// same shape. The heads of a single token are rows of one product; else the tokens of a single head are.
template <class Element>
static void attend_head(const Model& model, const Run& run, int layer, int head, int first, int last,
                        const float* q, float* out, size_t stride, float* scores, float* mixed) {
  const int d = model.head_dim, per_kv = model.per_kv();
  const size_t start = size_t(head) * per_kv * d;
  if (last - first == 1) {
    for (int h = 0; h < per_kv; h += QUERIES) {
      const size_t at = start + size_t(h) * d;
      const Queries rows{q + at, out + at, size_t(d), std::min(QUERIES, per_kv - h), run.start + first, 0};
      attend_rows<Element>(model, run, layer, head, rows, scores, mixed);
    }
    return;
  }
  for (int row = first; row < last; row += QUERIES)
    for (int h = 0; h < per_kv; h++) {
      const size_t at = size_t(row - first) * stride + start + size_t(h) * d;
      const Queries rows{q + at, out + at, stride, std::min(QUERIES, last - row), run.start + row, 1};
      attend_rows<Element>(model, run, layer, head, rows, scores, mixed);
    }
}

static void attend(const Model& model, const Run& run, int layer, int head, int first, int last,
                   const float* q, float* out, size_t stride, float* scores, float* mixed) {
  auto with = attend_head<float>;
  if (run.cache->kept() == Kept::f16) with = attend_head<Half>;
  if (run.cache->kept() == Kept::int8) with = attend_head<Byte>;
  with(model, run, layer, head, first, last, q, out, stride, scores, mixed);
}
