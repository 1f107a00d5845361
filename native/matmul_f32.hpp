// y [rows, 16 R] = x [rows, k] W^T for R blocks of a packed f32 matrix.

#if defined(DRAGON_AVX512)
constexpr int F32_ROWS = 12, F32_BLOCKS = 2;
#elif defined(DRAGON_AVX2) || defined(__aarch64__)
constexpr int F32_ROWS = 6, F32_BLOCKS = 1;
#else
constexpr int F32_ROWS = 3, F32_BLOCKS = 1;
#endif

// What becomes of a product: stored, or added to what is there (the residual).
enum class Into { store, add };

static inline void finish(float* y, Vec v, const float* bias, Into into) {
  if (bias) v += load(bias);
  store(y, into == Into::add ? load(y) + v : v);
}

// One tile: R blocks of W, from w on with the given stride, times M rows of x.
template <int R, int M>
static void tile_f32(const float* w, size_t w_stride, int k, const float* x, size_t x_stride, float* y,
                     size_t y_stride, const float* bias, Into into) {
  Vec acc[R * V][M];
  for (int r = 0; r < R * V; r++)
    for (int m = 0; m < M; m++) acc[r][m] = Vec{};
  for (int i = 0; i < k; i++) {
    Vec weights[R * V];
#pragma GCC unroll 8
    for (int r = 0; r < R * V; r++)
      weights[r] = load(w + (r / V) * w_stride + size_t(i) * BLOCK + (r % V) * LANES);
#pragma GCC unroll 12
    for (int m = 0; m < M; m++) {
      const Vec value = splat(x[m * x_stride + i]);
#pragma GCC unroll 8
      for (int r = 0; r < R * V; r++) acc[r][m] += weights[r] * value;
    }
  }
  for (int r = 0; r < R * V; r++)
    for (int m = 0; m < M; m++)
      finish(y + m * y_stride + r * LANES, acc[r][m], bias ? bias + r * LANES : nullptr, into);
}

// All rows of x against R blocks; the remainder takes ever smaller tiles.
template <int R, int M>
static void rows_f32(const float* w, size_t w_stride, int k, const float* x, size_t x_stride, int rows,
                     float* y, size_t y_stride, const float* bias, Into into) {
  int m = 0;
  for (; m + M <= rows; m += M)
    tile_f32<R, M>(w, w_stride, k, x + m * x_stride, x_stride, y + m * y_stride, y_stride, bias, into);
  if constexpr (M > 1)
    if (m < rows)
      rows_f32<R, (M + 1) / 2>(w, w_stride, k, x + m * x_stride, x_stride, rows - m, y + m * y_stride,
                               y_stride, bias, into);
}

// Blocks [first, last) of a packed matrix whose blocks lie w_stride floats apart.
static void matmul_f32(const float* w, size_t w_stride, int k, int first, int last, const float* x,
                       size_t x_stride, int rows, float* y, size_t y_stride, const float* bias,
                       Into into) {
  // A single row has one accumulator a block: four blocks at once hide the latency of the additions.
  constexpr int FOR_ONE = V == 1 ? 4 : 2;
  int b = first;
  auto at = [&](int block) { return bias ? bias + block * BLOCK : nullptr; };
  if (rows == 1)
    for (; b + FOR_ONE <= last; b += FOR_ONE)
      tile_f32<FOR_ONE, 1>(w + b * w_stride, w_stride, k, x, x_stride, y + b * BLOCK, y_stride, at(b),
                           into);
  for (; b + F32_BLOCKS <= last; b += F32_BLOCKS)
    rows_f32<F32_BLOCKS, F32_ROWS>(w + b * w_stride, w_stride, k, x, x_stride, rows, y + b * BLOCK,
                                   y_stride, at(b), into);
  for (; b < last; b++)
    rows_f32<1, F32_ROWS>(w + b * w_stride, w_stride, k, x, x_stride, rows, y + b * BLOCK, y_stride,
                          at(b), into);
}
