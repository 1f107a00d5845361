// The recurrence of one layer, both directions: what cannot be one product over all tokens.
//
// Shapes: T steps, B prompts, H padded state, G = 4 H gates (input, forget, cell, output).

static Vec sigmoid(Vec x) { return 1.0f / (1.0f + exponential(-x)); }
static Vec hyperbolic_tangent(Vec x) { return 1.0f - 2.0f / (1.0f + exponential(2.0f * x)); }

// One step of one prompt: gates z [4 H] and cell [h] -> cell and state h [H].
static void recur(const float* z, int size, float* cell, float* h) {
  for (int i = 0; i < size; i += LANES) {
    const Vec kept = sigmoid(load(z + size + i)) * load(cell + i);
    const Vec c = kept + sigmoid(load(z + i)) * hyperbolic_tangent(load(z + 2 * size + i));
    store(cell + i, c);
    store(h + i, sigmoid(load(z + 3 * size + i)) * hyperbolic_tangent(c));
  }
}

// gates [T, 2, B, G] gain what the states before say; states [T, 2, B, H].
static void scan(const Matrix* state, Team& team, Workspace& space, float* gates, int steps, int batch,
                 float* states) {
  const int width = padded(state[0].n), size = width / 4;
  team.loop(2, [&](int direction, int thread) {
    float* cell = space.scratch[thread].normed.room(size_t(batch) * size);
    std::fill(cell, cell + size_t(batch) * size, 0.0f);
    const float* before = nullptr;
    for (int step = 0; step < steps; step++) {
      const size_t at = (size_t(step) * 2 + direction) * batch;
      float *z = gates + at * width, *h = states + at * size;
      if (before)
        multiply(state[direction], Input{before, size_t(size), {}, nullptr}, batch, z, width, Into::add);
      for (int i = 0; i < batch; i++)
        recur(z + size_t(i) * width, size, cell + size_t(i) * size, h + size_t(i) * size);
      before = h;
    }
  });
}
