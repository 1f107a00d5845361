// y [rows, 16 R] = x W^T for R blocks of an int8 or int4 matrix and rows of x quantised in its groups.
//
// Weights are stored with an offset, because the instruction multiplies unsigned by signed bytes. The sum
// of (w + offset) x is offset * sum(x) too large: the sums of a row and group start that far below zero.

struct Int8Weights {
  typedef float Scale;
  static constexpr int COLUMNS = 4;  // in a vector of a block's 16 rows: 64 bytes
};
struct Int4Weights {
  typedef BFloat Scale;
  static constexpr int COLUMNS = 8;
};

template <class Weights>
struct GroupTile {
#if defined(DRAGON_AVX512)
  static constexpr int ROWS = 6, BLOCKS = 2, ONE = 1;
#elif defined(DRAGON_AVXVNNI)
  static constexpr int ROWS = 5, BLOCKS = 1, ONE = 1;
#elif defined(DRAGON_NEON)
  static constexpr int ROWS = 4, BLOCKS = 1, ONE = 1;
#else
  static constexpr int ROWS = 2, BLOCKS = 1, ONE = 1;
#endif
  const uint8_t* w;
  const typename Weights::Scale* scale;
  QuantizedRows x;
  Output out;

  // One vector of weights times its columns of M rows; `other` is a second set of sums, which hides the
  // latency where there are few of them.
  template <int R, int M>
  static void step(const uint8_t* w, size_t w_stride, const int8_t* x, size_t x_stride,
                   Sums (&sums)[R * V][M], Sums (&other)[R * V][M]) {
    Quads weights[R * V];
#pragma GCC unroll 8
    for (int r = 0; r < R * V; r++)
      weights[r] = quads(w + (r / V) * w_stride + (r % V) * LANES * 4);
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) {
      const Four first = four(x + m * x_stride);
      if constexpr (Weights::COLUMNS == 4) {
#pragma GCC unroll 8
        for (int r = 0; r < R * V; r++) sums[r][m] = dot(sums[r][m], weights[r], first);
      } else {
        const Four second = four(x + m * x_stride + 4);
#pragma GCC unroll 8
        for (int r = 0; r < R * V; r++) {
          sums[r][m] = dot_lower(sums[r][m], weights[r], first);
          other[r][m] = dot_upper(other[r][m], weights[r], second);
        }
      }
    }
  }

  // The integer sums of one group, as floats. 32 columns at a time, which every group holds whole times.
  template <int R, int M>
  void group_sums(const uint8_t* from, size_t w_stride, int row, int g, Vec (&result)[R * V][M]) const {
    constexpr bool TWO_CHAINS = M * R * V <= 2 || Weights::COLUMNS == 8;
    Sums sums[R * V][M], other[R * V][M];
    for (int m = 0; m < M; m++) {
      const Sums start = all_lanes(x.start[size_t(row + m) * x.groups + g]);
      for (int r = 0; r < R * V; r++) {
        sums[r][m] = start;
        other[r][m] = Sums{};
      }
    }
    const int8_t* values = x.values + size_t(row) * x.k_padded + size_t(g) * x.group;
    constexpr int C = Weights::COLUMNS;
    for (const int8_t* end = values + x.group; values < end; values += 32)
#pragma GCC unroll 4
      for (int i = 0; i < 32; i += 2 * C) {
        step<R, M>(from, w_stride, values + i, x.k_padded, sums, other);
        if constexpr (TWO_CHAINS && C == 4)
          step<R, M>(from + 64, w_stride, values + i + C, x.k_padded, other, sums);
        else
          step<R, M>(from + 64, w_stride, values + i + C, x.k_padded, sums, other);
        from += 128;
      }
    for (int r = 0; r < R * V; r++)
      for (int m = 0; m < M; m++) {
        const Sums rest = C == 8 ? plain_upper(other[r][m]) : other[r][m];
        result[r][m] = as_floats(TWO_CHAINS ? sums[r][m] + rest : sums[r][m]);
      }
  }

  template <int R, int M>
  void run(int block, int row) const {
    const size_t w_stride = size_t(x.k_padded) / Weights::COLUMNS * 64;
    const size_t group_bytes = size_t(x.group) / Weights::COLUMNS * 64;
    const uint8_t* from = w + block * w_stride;
    Vec total[R * V][M];
    for (int r = 0; r < R * V; r++)
      for (int m = 0; m < M; m++) total[r][m] = Vec{};
    for (int g = 0; g < x.groups; g++) {
      Vec sums[R * V][M];
      group_sums<R, M>(from + g * group_bytes, w_stride, row, g, sums);
      for (int r = 0; r < R * V; r++) {
        const size_t at = (size_t(block + r / V) * x.groups + g) * BLOCK + (r % V) * LANES;
        const Vec weight_scale = load(scale + at);
        for (int m = 0; m < M; m++)
          total[r][m] += sums[r][m] * (weight_scale * x.scale[size_t(row + m) * x.groups + g]);
      }
    }
    out.finish<R, M>(block, row, total);
  }
};
