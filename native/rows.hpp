// Row by row: norms, activations, rotary positions. Buffers are padded to whole vectors; what lies in
// the padding never reaches a result.

static void norm_row(const Norm& norm, const float* x, int n, float eps, float* y) {
  float mean = 0, power = 0;
  if (norm.bias) {
    for (int i = 0; i < n; i++) mean += x[i];
    mean /= float(n);
  }
  const int whole = n / LANES * LANES;
  Vec total{};
  for (int i = 0; i < whole; i += LANES) {
    const Vec d = load(x + i) - mean;
    total += d * d;
  }
  power = sum(total);
  for (int i = whole; i < n; i++) power += (x[i] - mean) * (x[i] - mean);
  const float factor = 1.0f / std::sqrt(power / float(n) + eps);
  for (int i = 0; i < whole; i += LANES)
    store(y + i, (load(x + i) - mean) * factor * load(norm.weight + i) +
                     (norm.bias ? load(norm.bias + i) : Vec{}));
  for (int i = whole; i < n; i++)
    y[i] = (x[i] - mean) * factor * norm.weight[i] + (norm.bias ? norm.bias[i] : 0.0f);
}

// up [n] becomes activation(up), or silu(gate) * up.
static void activate_row(Activation activation, const float* gate, float* up, int n) {
  for (int i = 0; i < n; i += LANES) {
    const Vec u = load(up + i);
    Vec y = larger(u, Vec{});
    if (activation == Activation::swiglu) {
      const Vec g = load(gate + i);
      y = g / (1.0f + exponential(-g)) * u;
    } else if (activation == Activation::gelu) {
      y = 0.5f * u * (1.0f + error_function(u * 0.70710678f));
    } else if (activation == Activation::gelu_tanh) {
      // (1 + tanh z) / 2 = 1 / (1 + e^-2z)
      y = u / (1.0f + exponential(-1.5957691216f * (u + 0.044715f * u * u * u)));
    }
    store(up + i, y);
  }
}

// Rotates one head [d] in place, the halves paired as in Hugging Face's Llama.
static void rotate(float* x, int d, const float* cos, const float* sin) {
  const int half = d / 2;
  for (int i = 0; i < half; i++) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cos[i] - b * sin[i];
    x[i + half] = b * cos[i] + a * sin[i];
  }
}
