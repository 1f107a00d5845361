// Few rows (writing): every product is cut by output columns, so that each thread reads one stream of
// weights, and all of them read it once. Four loops a block, three where there is one thread to a head.

constexpr int FEW_ROWS = 32;  // up to here the columns are shared out and not the rows

class FewRows : Pass {
 public:
  using Pass::Pass;

  void run() {
    for (int i = 0; i < team.size(); i++) fit(space.scratch[i], rows);
    for (int index = 0; index < layers(); index++) {
      attention(index);
      mlp(model.layers[index]);
    }
    norm(model.final_norm, 0, rows, x);
  }

 private:
  Scratch& own() const { return space.scratch[0]; }

  // Cuts `count` blocks into one part for each thread; f sees (first, last, thread).
  template <class F>
  void share(int count, F f) {
    const int tasks = std::min(team.size(), count);
    team.loop(tasks, [&](int task, int thread) {
      f(int(int64_t(count) * task / tasks), int(int64_t(count) * (task + 1) / tasks), thread);
    });
  }

  void add(const Matrix& w, const float* from, size_t stride) {
    const Input in = prepare(own(), w, from, stride, rows);
    share(blocks(w.n),
          [&](int first, int last, int) { multiply(w, in, rows, first, last, x, c, Into::add); });
  }

  void attention(int index) {
    const Layer& layer = model.layers[index];
    norm(layer.attention_norm, 0, rows, own().normed.data());
    const Input in = prepare(own(), layer.q, own().normed.data(), c, rows);
    if (model.head_dim % BLOCK == 0 && model.kv_heads >= team.size())
      share(model.kv_heads, [&](int first, int last, int thread) {
        const int each = model.head_dim / BLOCK, per_kv = model.per_kv();
        project(layer, in, first * each * per_kv, last * each * per_kv, first * each, last * each);
        mix(index, first, last, space.scratch[thread]);
      });
    else {
      share(blocks(layer.q.n) + 2 * blocks(layer.k.n), [&](int first, int last, int) {
        project_part(layer, in, first, last);
      });
      share(model.kv_heads, [&](int first, int last, int thread) {
        mix(index, first, last, space.scratch[thread]);
      });
    }
    add(layer.o, own().mixed.data(), q_width);
  }

  // Blocks of q and blocks of k and v.
  void project(const Layer& layer, const Input& in, int q_first, int q_last, int first, int last) {
    multiply(layer.q, in, rows, q_first, q_last, queries, q_width);
    multiply(layer.k, in, rows, first, last, own().keys.data(), kv_width);
    multiply(layer.v, in, rows, first, last, own().values.data(), kv_width);
  }

  // Blocks [first, last) of q, k and v one after the other.
  void project_part(const Layer& layer, const Input& in, int first, int last) {
    const int q = blocks(layer.q.n), kv = blocks(layer.k.n);
    auto part = [&](const Matrix& w, int offset, int count, float* y, int stride) {
      const int from = std::max(first - offset, 0), to = std::min(last - offset, count);
      if (from < to) multiply(w, in, rows, from, to, y, stride);
    };
    part(layer.q, 0, q, queries, q_width);
    part(layer.k, q, kv, own().keys.data(), kv_width);
    part(layer.v, q + kv, kv, own().values.data(), kv_width);
  }

  void mix(int index, int first, int last, Scratch& s) {
    place(index, 0, rows, first, last, own().keys.data(), own().values.data());
    for (int h = first; h < last; h++) attend_rows_of(index, h, 0, rows, own().mixed.data(), s);
  }

  void mlp(const Layer& layer) {
    norm(layer.mlp_norm, 0, rows, own().normed.data());
    const Input in = prepare(own(), layer.up, own().normed.data(), c, rows);
    float *gate = own().gate.data(), *up = own().up.data();
    share(m / BLOCK, [&](int first, int last, int) {
      if (model.activation == Activation::swiglu) multiply(layer.gate, in, rows, first, last, gate, m);
      multiply(layer.up, in, rows, first, last, up, m);
      for (int i = 0; i < rows; i++) {
        const size_t at = size_t(i) * m + size_t(first) * BLOCK;
        activate_row(model.activation, gate + at, up + at, (last - first) * BLOCK);
      }
    });
    add(layer.down, up, m);
  }
};
