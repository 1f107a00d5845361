// Many rows (reading): the rows are cut into chunks and each task takes its chunk through a whole block;
// only attention looks at other rows, so one loop a block is enough.

constexpr int CHUNK = 48;  // rows of a task; a multiple of the tiles, small enough for the cache

class ManyRows : Pass {
 public:
  using Pass::Pass;

  void run() {
    // Two tasks for a thread, so that one which is late does not keep the others waiting for long.
    const int parts = team.size() == 1 ? 1 : 2 * team.size(), share = (rows + parts - 1) / parts;
    const int chunk = std::min(CHUNK, (share + QUERIES - 1) / QUERIES * QUERIES);
    const int tasks = (rows + chunk - 1) / chunk;
    for (int i = 0; i < team.size(); i++) fit(space.scratch[i], chunk);
    for (int layer = 0; layer <= layers(); layer++)
      team.loop(tasks, [&](int task, int thread) {
        const int begin = task * chunk, n = std::min(chunk, rows - begin);
        Scratch& s = space.scratch[thread];
        if (layer > 0) rest_of_block(layer - 1, begin, n, s);
        if (layer < layers())
          project_in(layer, begin, n, s);
        else
          norm(model.final_norm, begin, n, x + size_t(begin) * c);
      });
  }

 private:
  void project_in(int index, int begin, int n, Scratch& s) {
    const Layer& layer = model.layers[index];
    norm(layer.attention_norm, begin, n, s.normed.data());
    const Input in = prepare(s, layer.q, s.normed.data(), c, n);
    multiply(layer.q, in, n, queries + size_t(begin) * q_width, q_width);
    multiply(layer.k, in, n, s.keys.data(), kv_width);
    multiply(layer.v, in, n, s.values.data(), kv_width);
    place(index, begin, n, 0, model.kv_heads, s.keys.data(), s.values.data());
  }

  void rest_of_block(int index, int begin, int n, Scratch& s) {
    const Layer& layer = model.layers[index];
    float* to = x + size_t(begin) * c;
    for (int h = 0; h < model.kv_heads; h++) attend_rows_of(index, h, begin, n, s.mixed.data(), s);
    multiply(layer.o, prepare(s, layer.o, s.mixed.data(), q_width, n), n, to, c, Into::add);
    norm(layer.mlp_norm, begin, n, s.normed.data());
    const Input in = prepare(s, layer.up, s.normed.data(), c, n);
    if (model.activation == Activation::swiglu) multiply(layer.gate, in, n, s.gate.data(), m);
    multiply(layer.up, in, n, s.up.data(), m);
    for (int i = 0; i < n; i++)
      activate_row(model.activation, s.gate.data() + size_t(i) * m, s.up.data() + size_t(i) * m, m);
    multiply(layer.down, prepare(s, layer.down, s.up.data(), m, n), n, to, c, Into::add);
  }
};
