// What both ways through the blocks share: the rows at hand, norms, and where keys and values go.

struct Pass {
  const Model& model;
  Team& team;
  Workspace& space;
  float* x;  // [rows, c]: the residual stream
  const std::vector<Run>& runs;
  int rows = 0, longest = 0;
  const int c, q_width, kv_width, m;  // padded widths
  float* queries;                     // [rows, q_width]; the mixed values take their place

  Pass(const Model& model_, Team& team_, Workspace& space_, float* x_, const std::vector<Run>& runs_)
      : model(model_), team(team_), space(space_), x(x_), runs(runs_), c(padded(model.hidden)),
        q_width(model.q_width()), kv_width(model.kv_width()), m(padded(model.intermediate)) {
    for (const Run& run : runs) {
      rows += run.length;
      longest = std::max(longest, std::max(run.start + run.length, run.visible));
    }
    queries = space.queries.room(size_t(rows) * q_width);
  }

  int layers() const { return int(model.layers.size()); }

  // Makes room in a thread's scratch for a task of n rows.
  void fit(Scratch& s, int n) const {
    s.normed.room(size_t(n) * c);
    s.mixed.room(size_t(n) * q_width);
    s.keys.room(size_t(n) * kv_width);
    s.values.room(size_t(n) * kv_width);
    s.gate.room(size_t(n) * m);
    s.up.room(size_t(n) * m);
    s.scores.room(size_t(QUERIES) * (padded(longest) + CHUNK_TOKENS));
    s.head.room(size_t(QUERIES) * padded(model.head_dim));
  }

  // Calls f(run, first row in the run, last row, global row) for the parts of [begin, end).
  template <class F>
  void for_runs(int begin, int end, F f) const {
    int row = 0;
    for (const Run& run : runs) {
      const int first = std::max(begin, row), last = std::min(end, row + run.length);
      if (first < last) f(run, first - row, last - row, first);
      row += run.length;
    }
  }

  void norm(const Norm& norm, int begin, int n, float* y) const {
    for (int i = 0; i < n; i++)
      norm_row(norm, x + size_t(begin + i) * c, model.hidden, model.eps, y + size_t(i) * c);
  }

  // Norms and rotates queries and keys of the key/value heads [head, end), and puts keys and values of
  // the rows [begin, begin + n) in the cache.
  void place(int index, int begin, int n, int head, int end, float* keys, const float* values) const {
    const int d = model.head_dim, per_kv = model.per_kv();
    const Layer& layer = model.layers[index];
    for_runs(begin, begin + n, [&](const Run& run, int first, int last, int row) {
      for (int i = first; i < last; i++, row++) {
        const int position = run.start + i;
        float* q = queries + size_t(row) * q_width;
        float* k = keys + size_t(row - begin) * kv_width;
        const float* v = values + size_t(row - begin) * kv_width;
        for (int h = head * per_kv; h < end * per_kv; h++) turn(layer.q_norm, q + h * d, position);
        for (int h = head; h < end; h++) {
          turn(layer.k_norm, k + h * d, position);
          auto keep = remember<float>;
          if (run.cache->kept() == Kept::f16) keep = remember<Half>;
          if (run.cache->kept() == Kept::int8) keep = remember<Byte>;
          keep(*run.cache, index, h, d, position, k + h * d, v + h * d);
        }
      }
    });
  }

  // Queries -> mixed values for one key/value head and the rows [begin, begin + n); out [n, q_width].
  void attend_rows_of(int index, int head, int begin, int n, float* out, Scratch& s) const {
    for_runs(begin, begin + n, [&](const Run& run, int first, int last, int row) {
      attend(model, run, index, head, first, last, queries + size_t(row) * q_width,
             out + size_t(row - begin) * q_width, q_width, s.scores.data(), s.head.data());
    });
  }

 private:
  void turn(const Norm& norm, float* head, int position) const {
    const int d = model.head_dim;
    if (norm.weight) norm_row(norm, head, d, model.eps, head);
    if (!model.cos) return;
    const size_t at = size_t(position) * (d / 2);
    rotate(head, d, model.cos + at, model.sin + at);
  }
};
