// The body of a model: two ways through the same blocks.
//
// Many rows (reading): the rows are cut into chunks and each task takes its chunk through a whole block;
// only attention looks at other rows, so one loop a block is enough.
// Few rows (writing): every product is cut by output columns, so that all threads share one stream of
// weights.

constexpr int CHUNK = 48;    // rows of a task; a multiple of the tiles, small enough for the cache
constexpr int FEW_ROWS = 8;  // up to here the columns are shared out and not the rows

// Rows of activations on their way into a matrix, with the quantised copy where that is int8.
struct Input {
  const float* x;
  size_t stride;
  QuantizedRows quantized;
};

// What one thread needs for itself, for up to CHUNK rows.
struct Scratch {
  std::vector<float> normed, mixed, keys, values, gate, up, scores, head;
  std::vector<int8_t> int8;
  std::vector<float> int8_scale;
  std::vector<int32_t> int8_correction;

  Scratch(const Model& model, int rows, int longest) {
    const int c = padded(model.hidden), m = padded(model.intermediate);
    const int kv = padded(model.kv_heads * model.head_dim), most = groups(std::max(c, m));
    normed.resize(size_t(rows) * c);
    mixed.resize(size_t(rows) * c);
    keys.resize(size_t(rows) * kv);
    values.resize(size_t(rows) * kv);
    gate.resize(size_t(rows) * m);
    up.resize(size_t(rows) * m);
    scores.resize(size_t(QUERIES) * padded(longest));
    head.resize(size_t(QUERIES) * padded(model.head_dim));
    int8.resize(size_t(rows) * most * GROUP);
    int8_scale.resize(size_t(rows) * most);
    int8_correction.resize(size_t(rows) * most);
  }

  // One quantised copy serves every matrix that reads the same rows.
  Input input(const Matrix& reader, const float* x, size_t stride, int rows) {
    const int ng = groups(reader.k);
    QuantizedRows q{ng * GROUP, ng, int8.data(), int8_scale.data(), int8_correction.data()};
    if (reader.q8)
      for (int i = 0; i < rows; i++) quantize_row(x + i * stride, reader.k, q, i);
    return {x, stride, q};
  }
};

// Blocks [first, last) of y (+)= x W^T + bias.
static void multiply(const Matrix& w, const Input& in, int rows, int first, int last, float* y,
                     size_t y_stride, Into into = Into::store) {
  if (w.q8)
    matmul_int8(w, first, last, in.quantized, rows, y, y_stride, into);
  else
    matmul_f32(w.f32, size_t(w.k) * BLOCK, w.k, first, last, in.x, in.stride, rows, y, y_stride, w.bias,
               into);
}

static void multiply(const Matrix& w, const Input& in, int rows, float* y, size_t y_stride,
                     Into into = Into::store) {
  multiply(w, in, rows, 0, blocks(w.n), y, y_stride, into);
}

class Pass {
 public:
  Pass(const Model& model, Team& team, float* x, const std::vector<Run>& runs)
      : model_(model), team_(team), x_(x), runs_(runs), c_(padded(model.hidden)),
        kv_(padded(model.kv_heads * model.head_dim)), m_(padded(model.intermediate)) {
    for (const Run& run : runs) {
      rows_ += run.length;
      longest_ = std::max(longest_, run.start + run.length);
    }
    queries_.resize(size_t(rows_) * c_);
  }

  void forward() {
    if (rows_ <= FEW_ROWS)
      few();
    else
      many();
  }

 private:
  int layers() const { return int(model_.layers.size()); }

  // Calls f(run, first row in the run, last row, global row) for the parts of [begin, end).
  template <class F>
  void for_runs(int begin, int end, F f) {
    int row = 0;
    for (const Run& run : runs_) {
      const int first = std::max(begin, row), last = std::min(end, row + run.length);
      if (first < last) f(run, first - row, last - row, first);
      row += run.length;
    }
  }

  // ---- many rows

  void many() {
    const int share = (rows_ + 2 * team_.size() - 1) / (2 * team_.size());
    const int chunk = std::min(CHUNK, (share + QUERIES - 1) / QUERIES * QUERIES);
    const int tasks = (rows_ + chunk - 1) / chunk;
    std::vector<Scratch> scratch;
    for (int i = 0; i < team_.size(); i++) scratch.emplace_back(model_, chunk, longest_);
    for (int layer = 0; layer <= layers(); layer++)
      team_.loop(tasks, [&](int task, int thread) {
        const int begin = task * chunk, n = std::min(chunk, rows_ - begin);
        Scratch& s = scratch[thread];
        if (layer > 0) rest_of_block(layer - 1, begin, n, s);
        if (layer < layers())
          project_in(layer, begin, n, s);
        else
          norm(model_.final_norm, begin, n, x_ + size_t(begin) * c_);
      });
  }

  void norm(const Norm& norm, int begin, int n, float* y) {
    for (int i = 0; i < n; i++)
      norm_row(norm, x_ + size_t(begin + i) * c_, model_.hidden, model_.eps, y + size_t(i) * c_);
  }

  void project_in(int index, int begin, int n, Scratch& s) {
    const Layer& layer = model_.layers[index];
    norm(layer.attention_norm, begin, n, s.normed.data());
    const Input in = s.input(layer.q, s.normed.data(), c_, n);
    multiply(layer.q, in, n, queries_.data() + size_t(begin) * c_, c_);
    multiply(layer.k, in, n, s.keys.data(), kv_);
    multiply(layer.v, in, n, s.values.data(), kv_);
    place(index, begin, n, 0, model_.kv_heads, s.keys.data(), s.values.data());
  }

  // Rotates queries and keys of the key/value heads [head, end) and puts keys and values in the cache.
  void place(int layer, int begin, int n, int head, int end, float* keys, const float* values) {
    const int d = model_.head_dim, per_kv = model_.heads / model_.kv_heads;
    for_runs(begin, begin + n, [&](const Run& run, int first, int last, int row) {
      for (int i = first; i < last; i++, row++) {
        const int position = run.start + i;
        const float* cos = model_.cos ? model_.cos + size_t(position) * (d / 2) : nullptr;
        const float* sin = model_.sin ? model_.sin + size_t(position) * (d / 2) : nullptr;
        float* q = queries_.data() + size_t(row) * c_;
        float* k = keys + size_t(row - begin) * kv_;
        if (cos) {
          for (int h = head * per_kv; h < end * per_kv; h++) rotate(q + h * d, d, cos, sin);
          for (int h = head; h < end; h++) rotate(k + h * d, d, cos, sin);
        }
        for (int h = head; h < end; h++)
          remember(*run.cache, layer, h, position, k + h * d,
                   values + size_t(row - begin) * kv_ + h * d);
      }
    });
  }

  void rest_of_block(int index, int begin, int n, Scratch& s) {
    const Layer& layer = model_.layers[index];
    float* x = x_ + size_t(begin) * c_;
    for_runs(begin, begin + n, [&](const Run& run, int first, int last, int row) {
      attend(model_, run, index, first, last, 0, model_.heads, queries_.data() + size_t(row) * c_,
             s.mixed.data() + size_t(row - begin) * c_, c_, s.scores.data(), s.head.data());
    });
    multiply(layer.o, s.input(layer.o, s.mixed.data(), c_, n), n, x, c_, Into::add);
    norm(layer.mlp_norm, begin, n, s.normed.data());
    const Input in = s.input(layer.up, s.normed.data(), c_, n);
    if (model_.activation == Activation::swiglu) multiply(layer.gate, in, n, s.gate.data(), m_);
    multiply(layer.up, in, n, s.up.data(), m_);
    for (int i = 0; i < n; i++)
      activate_row(model_.activation, s.gate.data() + size_t(i) * m_, s.up.data() + size_t(i) * m_, m_);
    multiply(layer.down, s.input(layer.down, s.up.data(), m_, n), n, x, c_, Into::add);
  }

  // ---- few rows

  // Shares the blocks of all the given matrices out among the team; f sees (matrix, first, last).
  template <class F>
  void share(std::initializer_list<const Matrix*> matrices, F f) {
    int total = 0;
    for (const Matrix* w : matrices) total += blocks(w->n);
    const int tasks = std::min(team_.size(), total);
    team_.loop(tasks, [&](int task, int) {
      const int begin = int64_t(total) * task / tasks, end = int64_t(total) * (task + 1) / tasks;
      int offset = 0;
      for (const Matrix* w : matrices) {
        const int first = std::max(begin - offset, 0), last = std::min(end - offset, blocks(w->n));
        if (first < last) f(*w, first, last);
        offset += blocks(w->n);
      }
    });
  }

  void few() {
    Scratch s(model_, rows_, longest_);
    std::vector<std::vector<float>> scores(model_.kv_heads), heads(model_.kv_heads);
    for (int h = 0; h < model_.kv_heads; h++) {
      scores[h].resize(s.scores.size());
      heads[h].resize(s.head.size());
    }
    for (int index = 0; index < layers(); index++) {
      const Layer& layer = model_.layers[index];
      norm(layer.attention_norm, 0, rows_, s.normed.data());
      Input in = s.input(layer.q, s.normed.data(), c_, rows_);
      share({&layer.q, &layer.k, &layer.v}, [&](const Matrix& w, int first, int last) {
        float* y = &w == &layer.q ? queries_.data() : &w == &layer.k ? s.keys.data() : s.values.data();
        multiply(w, in, rows_, first, last, y, &w == &layer.q ? c_ : kv_);
      });
      team_.loop(model_.kv_heads, [&](int h, int) {
        const int per_kv = model_.heads / model_.kv_heads;
        place(index, 0, rows_, h, h + 1, s.keys.data(), s.values.data());
        for_runs(0, rows_, [&](const Run& run, int first, int last, int row) {
          attend(model_, run, index, first, last, h * per_kv, (h + 1) * per_kv,
                 queries_.data() + size_t(row) * c_, s.mixed.data() + size_t(row) * c_, c_,
                 scores[h].data(), heads[h].data());
        });
      });
      in = s.input(layer.o, s.mixed.data(), c_, rows_);
      share({&layer.o}, [&](const Matrix& w, int first, int last) {
        multiply(w, in, rows_, first, last, x_, c_, Into::add);
      });
      norm(layer.mlp_norm, 0, rows_, s.normed.data());
      in = s.input(layer.up, s.normed.data(), c_, rows_);
      team_.loop(std::min(team_.size(), m_ / BLOCK), [&](int task, int) {
        const int tasks = std::min(team_.size(), m_ / BLOCK), all = m_ / BLOCK;
        const int first = int64_t(all) * task / tasks, last = int64_t(all) * (task + 1) / tasks;
        if (model_.activation == Activation::swiglu)
          multiply(layer.gate, in, rows_, first, last, s.gate.data(), m_);
        multiply(layer.up, in, rows_, first, last, s.up.data(), m_);
        for (int i = 0; i < rows_; i++)
          activate_row(model_.activation, s.gate.data() + size_t(i) * m_ + first * BLOCK,
                       s.up.data() + size_t(i) * m_ + first * BLOCK, (last - first) * BLOCK);
      });
      in = s.input(layer.down, s.up.data(), m_, rows_);
      share({&layer.down}, [&](const Matrix& w, int first, int last) {
        multiply(w, in, rows_, first, last, x_, c_, Into::add);
      });
    }
    norm(model_.final_norm, 0, rows_, x_);
  }

  const Model& model_;
  Team& team_;
  float* x_;
  const std::vector<Run>& runs_;
  const int c_, kv_, m_;
  int rows_ = 0, longest_ = 0;
  std::vector<float> queries_;
};

static void forward(const Model& model, Team& team, float* x, const std::vector<Run>& runs) {
  Pass(model, team, x, runs).forward();
}

// The head: the columns are shared out, whatever the number of rows.
static void project(const Matrix& matrix, Team& team, const float* x, int rows, float* y) {
  const size_t stride = padded(matrix.k), y_stride = padded(matrix.n);
  const int ng = groups(matrix.k);
  std::vector<int8_t> values(matrix.q8 ? size_t(rows) * ng * GROUP : 0);
  std::vector<float> scale(matrix.q8 ? size_t(rows) * ng : 0);
  std::vector<int32_t> correction(scale.size());
  QuantizedRows q{ng * GROUP, ng, values.data(), scale.data(), correction.data()};
  if (matrix.q8)
    for (int i = 0; i < rows; i++) quantize_row(x + i * stride, matrix.k, q, i);
  const Input in{x, stride, q};
  constexpr int BLOCKS_A_TASK = 64;
  const int all = blocks(matrix.n);
  team.loop((all + BLOCKS_A_TASK - 1) / BLOCKS_A_TASK, [&](int task, int) {
    const int first = task * BLOCKS_A_TASK;
    multiply(matrix, in, rows, first, std::min(all, first + BLOCKS_A_TASK), y, y_stride);
  });
}
