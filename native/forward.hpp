// The body of a model and the head: which way the rows go.

static void forward(const Model& model, Team& team, Workspace& space, float* x,
                    const std::vector<Run>& runs) {
  int rows = 0;
  for (const Run& run : runs) rows += run.length;
  if (rows <= FEW_ROWS)
    FewRows(model, team, space, x, runs).run();
  else
    ManyRows(model, team, space, x, runs).run();
}

// One matrix by itself. Few rows: its columns are shared out; many: the rows, in chunks.
static void project(const Matrix& matrix, Team& team, Workspace& space, const float* x, int rows,
                    float* y) {
  const size_t stride = padded(matrix.k), y_stride = padded(matrix.n);
  if (rows > FEW_ROWS) {
    team.loop((rows + CHUNK - 1) / CHUNK, [&](int task, int thread) {
      const int begin = task * CHUNK, n = std::min(CHUNK, rows - begin);
      const Input in = prepare(space.scratch[thread], matrix, x + begin * stride, stride, n);
      multiply(matrix, in, n, y + begin * y_stride, y_stride);
    });
    return;
  }
  const Input in = prepare(space.scratch[0], matrix, x, stride, rows);
  constexpr int BLOCKS_A_TASK = 64;
  const int all = blocks(matrix.n);
  team.loop((all + BLOCKS_A_TASK - 1) / BLOCKS_A_TASK, [&](int task, int) {
    const int first = task * BLOCKS_A_TASK;
    multiply(matrix, in, rows, first, std::min(all, first + BLOCKS_A_TASK), y, y_stride);
  });
}
