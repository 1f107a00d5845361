// Softmax attention of one head as two matrix products over the packed cache.

constexpr int QUERIES = 12;  // rows of the score buffer: a multiple of every tile

// Stores one token's rotated key [d] and value [d] at its position.
static void remember(Cache& cache, int layer, int head, int position, const float* key,
                     const float* value) {
  const int d = cache.head_dim;
  float* keys = cache.keys(layer, head) + size_t(position / BLOCK) * d * BLOCK + position % BLOCK;
  for (int i = 0; i < d; i++) keys[i * BLOCK] = key[i];
  float* values = cache.values(layer, head) + size_t(position) * BLOCK;
  for (int i = 0; i < d; i++)
    values[size_t(i / BLOCK) * cache.capacity * BLOCK + i % BLOCK] = value[i];
}

// In place: scores [length] of which `visible` count -> probabilities not yet divided by their sum,
// which is returned; the rest becomes 0.
static float softmax_row(float* scores, int visible, int length, float scale) {
  for (int i = visible; i < length; i++) scores[i] = -3.0e38f;
  Vec top = load(scores);
  for (int i = LANES; i < length; i += LANES) top = larger(top, load(scores + i));
  const float most = maximum(top);
  Vec total{};
  for (int i = 0; i < length; i += LANES) {
    const Vec p = exponential((load(scores + i) - most) * scale);
    store(scores + i, p);
    total += p;
  }
  // e^-87 stands for 0 in the padding; it goes off again.
  float result = sum(total);
  for (int i = visible; i < length; i++) {
    result -= scores[i];
    scores[i] = 0;
  }
  return result;
}

// Rows [first, last) of a run, query heads [head, end): queries [.., heads * d] -> mixed values in the
// same shape.
// scores: room for QUERIES rows of the tokens that are seen, padded; mixed: QUERIES rows of the padded
// head size.
static void attend(const Model& model, const Run& run, int layer, int first, int last, int head,
                   int end, const float* queries, float* out, size_t stride, float* scores,
                   float* mixed) {
  const int d = model.head_dim, d_padded = padded(d), per_kv = model.heads / model.kv_heads;
  Cache& cache = *run.cache;
  const float scale = 1.0f / std::sqrt(float(d));
  for (int row = first; row < last; row += QUERIES) {
    const int n = std::min(QUERIES, last - row);
    auto visible = [&](int i) { return std::max(run.visible, run.start + row + i + 1); };
    const int most = visible(n - 1), length = padded(most);
    for (int h = head; h < end; h++) {
      const size_t offset = size_t(row - first) * stride + size_t(h) * d;
      const int kv = h / per_kv;
      matmul_f32(cache.keys(layer, kv), size_t(d) * BLOCK, d, 0, length / BLOCK, queries + offset,
                 stride, n, scores, length, nullptr, Into::store);
      float sums[QUERIES];
      for (int i = 0; i < n; i++)
        sums[i] = softmax_row(scores + size_t(i) * length, visible(i), length, scale);
      matmul_f32(cache.values(layer, kv), size_t(cache.capacity) * BLOCK, most, 0, blocks(d), scores,
                 length, n, mixed, d_padded, nullptr, Into::store);
      for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++)
          out[offset + i * stride + j] = mixed[i * d_padded + j] / sums[i];
    }
  }
}
