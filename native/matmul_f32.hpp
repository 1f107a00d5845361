// y [rows, 16 R] = x [rows, k] W^T for R blocks of a packed matrix of floats, or of halves (the cache).
// ONE_ is the tile's ONE: weights come from memory, fastest as one stream; the cache is at hand.

template <class Element, int ONE_>
struct FloatTile {
  static constexpr int ONE = ONE_;
#if defined(DRAGON_AVX512)
  static constexpr int ROWS = 12, BLOCKS = 2;
#elif defined(DRAGON_AVX2) || defined(__aarch64__)
  static constexpr int ROWS = 6, BLOCKS = 1;
#else
  static constexpr int ROWS = 3, BLOCKS = 1;
#endif
  const Element* w;
  size_t w_stride;  // elements between blocks
  int k;
  const float* x;
  size_t x_stride;
  Output out;

  template <int R, int M>
  void run(int block, int row) const {
    const Element* from = w + block * w_stride;
    const float* rows = x + row * x_stride;
    Vec sums[R * V][M];
    for (int r = 0; r < R * V; r++)
      for (int m = 0; m < M; m++) sums[r][m] = Vec{};
    for (int i = 0; i < k; i++) {
      Vec weights[R * V];
#pragma GCC unroll 8
      for (int r = 0; r < R * V; r++)
        weights[r] = load(from + (r / V) * w_stride + size_t(i) * BLOCK + (r % V) * LANES);
#pragma GCC unroll 12
      for (int m = 0; m < M; m++) {
        const Vec value = splat(rows[m * x_stride + i]);
#pragma GCC unroll 8
        for (int r = 0; r < R * V; r++) sums[r][m] += weights[r] * value;
      }
    }
    out.finish<R, M>(block, row, sums);
  }
};

template <class Element>
using CacheTile = FloatTile<Element, LANES == 4 ? 1 : 2>;
