// y [rows, 16 R] = x W^T for R blocks of an int8 matrix and rows of x quantised in the same groups.
//
// Weights are stored plus 128, because the instruction multiplies unsigned by signed bytes. The sum of
// (w + 128) x is 128 sum(x) too large: one number for a row and group, which the accumulator starts from.

// Rows of activations as the kernels read them.
struct QuantizedRows {
  int k_padded, n_groups;
  int8_t* values;       // [rows, padded k]
  float* scale;         // [rows, groups]
  int32_t* correction;  // [rows, groups]: -128 times the sum of the group's values
};

// x [k] -> row `row`; the columns up to a whole group become zeros.
static void quantize_row(const float* x, int k, QuantizedRows& out, int row) {
  typedef int8_t Narrow __attribute__((vector_size(LANES), aligned(1), may_alias));
  int8_t* values = out.values + size_t(row) * out.k_padded;
  for (int g = 0; g < out.n_groups; g++) {
    float tail[GROUP];
    const float* from = x + g * GROUP;
    if ((g + 1) * GROUP > k) {
      for (int i = 0; i < GROUP; i++) tail[i] = g * GROUP + i < k ? from[i] : 0.0f;
      from = tail;
    }
    Vec top{};
    for (int i = 0; i < GROUP; i += LANES) top = larger(top, absolute(load(from + i)));
    const float most = maximum(top), inverse = most > 1e-30f ? 127.0f / most : 0.0f;
    IVec total{};
    for (int i = 0; i < GROUP; i += LANES) {
      const IVec v = __builtin_convertvector((load(from + i) * inverse + ROUNDER) - ROUNDER, IVec);
      total += v;
      *reinterpret_cast<Narrow*>(values + g * GROUP + i) = __builtin_convertvector(v, Narrow);
    }
    int32_t added = 0;
    for (int i = 0; i < LANES; i++) added += total[i];
    out.scale[size_t(row) * out.n_groups + g] = most > 1e-30f ? most / 127.0f : 0.0f;
    out.correction[size_t(row) * out.n_groups + g] = -128 * added;
  }
}

// The integer products of one group: R blocks times M rows, 16 sums each, into vectors of floats.
#if defined(DRAGON_AVX512)
constexpr int INT8_ROWS = 6, INT8_BLOCKS = 2;

template <int R, int M>
static inline void group_int8(const uint8_t* w, size_t w_stride, const int8_t* x, size_t x_stride,
                              const int32_t* correction, size_t c_stride, Vec (&out)[R * V][M]) {
  __m512i acc[R][M];
  for (int m = 0; m < M; m++)
    for (int r = 0; r < R; r++) acc[r][m] = _mm512_set1_epi32(correction[m * c_stride]);
#pragma GCC unroll 16
  for (int i = 0; i < GROUP; i += 4) {
    __m512i weights[R];
    for (int r = 0; r < R; r++) weights[r] = _mm512_loadu_si512(w + r * w_stride + i * BLOCK);
    for (int m = 0; m < M; m++) {
      int32_t four;
      std::memcpy(&four, x + m * x_stride + i, 4);
      const __m512i value = _mm512_set1_epi32(four);
      for (int r = 0; r < R; r++) acc[r][m] = _mm512_dpbusd_epi32(acc[r][m], weights[r], value);
    }
  }
  for (int r = 0; r < R; r++)
    for (int m = 0; m < M; m++) out[r][m] = __builtin_convertvector((IVec)acc[r][m], Vec);
}
#elif defined(DRAGON_AVXVNNI)
constexpr int INT8_ROWS = 6, INT8_BLOCKS = 1;

template <int R, int M>
static inline void group_int8(const uint8_t* w, size_t w_stride, const int8_t* x, size_t x_stride,
                              const int32_t* correction, size_t c_stride, Vec (&out)[R * V][M]) {
  __m256i acc[R * V][M];
  for (int m = 0; m < M; m++)
    for (int r = 0; r < R * V; r++) acc[r][m] = _mm256_set1_epi32(correction[m * c_stride]);
#pragma GCC unroll 16
  for (int i = 0; i < GROUP; i += 4) {
    __m256i weights[R * V];
    for (int r = 0; r < R * V; r++) {
      const uint8_t* p = w + (r / V) * w_stride + i * BLOCK + (r % V) * LANES * 4;
      weights[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    }
    for (int m = 0; m < M; m++) {
      int32_t four;
      std::memcpy(&four, x + m * x_stride + i, 4);
      const __m256i value = _mm256_set1_epi32(four);
      for (int r = 0; r < R * V; r++)
        acc[r][m] = _mm256_dpbusd_avx_epi32(acc[r][m], weights[r], value);
    }
  }
  for (int r = 0; r < R * V; r++)
    for (int m = 0; m < M; m++) out[r][m] = __builtin_convertvector((IVec)acc[r][m], Vec);
}
#elif defined(DRAGON_AVX2)
constexpr int INT8_ROWS = 2, INT8_BLOCKS = 1;

// pmaddubsw would saturate at 16 bits, so the bytes are widened and pmaddwd adds pairs exactly.
template <int R, int M>
static inline void group_int8(const uint8_t* w, size_t w_stride, const int8_t* x, size_t x_stride,
                              const int32_t* correction, size_t c_stride, Vec (&out)[R * V][M]) {
  for (int r = 0; r < R; r++) {
    __m256i acc[M][4];
    for (int m = 0; m < M; m++)
      for (auto& a : acc[m]) a = _mm256_setzero_si256();
    for (int i = 0; i < GROUP; i += 4) {
      __m256i values[M];
      for (int m = 0; m < M; m++) {
        int32_t four;
        std::memcpy(&four, x + m * x_stride + i, 4);
        values[m] = _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
      }
      for (int q = 0; q < 4; q++) {  // rows 4q to 4q+3, two partial sums each
        const auto* p = reinterpret_cast<const __m128i*>(w + r * w_stride + i * BLOCK + q * 16);
        const __m256i weights = _mm256_cvtepu8_epi16(_mm_loadu_si128(p));
        for (int m = 0; m < M; m++)
          acc[m][q] = _mm256_add_epi32(acc[m][q], _mm256_madd_epi16(weights, values[m]));
      }
    }
    for (int m = 0; m < M; m++)
      for (int h = 0; h < 2; h++) {
        const __m256i pairs = _mm256_hadd_epi32(acc[m][2 * h], acc[m][2 * h + 1]);
        const __m256i ordered = _mm256_permute4x64_epi64(pairs, 0xD8);
        const __m256i start = _mm256_set1_epi32(correction[m * c_stride]);
        out[r * V + h][m] =
            __builtin_convertvector((IVec)_mm256_add_epi32(ordered, start), Vec);
      }
  }
}
#else
constexpr int INT8_ROWS = 4, INT8_BLOCKS = 1;

// In floats, which hold these integers exactly: 64 products of a byte and a signed byte stay below 2^22.
template <int R, int M>
static inline void group_int8(const uint8_t* w, size_t w_stride, const int8_t* x, size_t x_stride,
                              const int32_t* correction, size_t c_stride, Vec (&out)[R * V][M]) {
  typedef IVec LooseIVec __attribute__((aligned(4), may_alias));
  for (int r = 0; r < R * V; r++) {
    const uint8_t* p = w + (r / V) * w_stride + (r % V) * LANES * 4;
    Vec acc[M];
    for (int m = 0; m < M; m++) acc[m] = splat(float(correction[m * c_stride]));
    for (int i = 0; i < GROUP; i += 4) {
      // One lane is a row and its four bytes are columns, the first the lowest: little-endian.
      const IVec rows = *reinterpret_cast<const LooseIVec*>(p + i * BLOCK);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        const Vec column = __builtin_convertvector((rows >> (8 * j)) & 255, Vec);
        for (int m = 0; m < M; m++) acc[m] += column * float(x[m * x_stride + i + j]);
      }
    }
    for (int m = 0; m < M; m++) out[r][m] = acc[m];
  }
}
#endif

template <int R, int M>
static void tile_int8(const Matrix& matrix, int block, const QuantizedRows& x, int row, float* y,
                      size_t y_stride, Into into) {
  const size_t ng = x.n_groups, w_stride = size_t(x.k_padded) * BLOCK;
  const uint8_t* w = matrix.q8 + block * w_stride;
  const float* scale = matrix.scale + block * ng * BLOCK;
  Vec acc[R * V][M];
  for (int r = 0; r < R * V; r++)
    for (int m = 0; m < M; m++) acc[r][m] = Vec{};
  for (size_t g = 0; g < ng; g++) {
    Vec sums[R * V][M];
    group_int8<R, M>(w + g * GROUP * BLOCK, w_stride, x.values + row * size_t(x.k_padded) + g * GROUP,
                     x.k_padded, x.correction + row * ng + g, ng, sums);
    for (int r = 0; r < R * V; r++) {
      const Vec weight_scale = load(scale + ((r / V) * ng + g) * BLOCK + (r % V) * LANES);
      for (int m = 0; m < M; m++) acc[r][m] += sums[r][m] * (weight_scale * x.scale[(row + m) * ng + g]);
    }
  }
  for (int r = 0; r < R * V; r++)
    for (int m = 0; m < M; m++)
      finish(y + m * y_stride + r * LANES, acc[r][m],
             matrix.bias ? matrix.bias + block * BLOCK + r * LANES : nullptr, into);
}

template <int R, int M>
static void rows_int8(const Matrix& matrix, int block, const QuantizedRows& x, int row, int rows,
                      float* y, size_t y_stride, Into into) {
  for (; row + M <= rows; row += M)
    tile_int8<R, M>(matrix, block, x, row, y + row * y_stride, y_stride, into);
  if constexpr (M > 1)
    if (row < rows) rows_int8<R, (M + 1) / 2>(matrix, block, x, row, rows, y, y_stride, into);
}

static void matmul_int8(const Matrix& matrix, int first, int last, const QuantizedRows& x, int rows,
                        float* y, size_t y_stride, Into into) {
  constexpr int FOR_ONE = V == 1 ? 4 : 1;
  int b = first;
  if (rows == 1)
    for (; b + FOR_ONE <= last; b += FOR_ONE)
      tile_int8<FOR_ONE, 1>(matrix, b, x, 0, y + b * BLOCK, y_stride, into);
  for (; b + INT8_BLOCKS <= last; b += INT8_BLOCKS)
    rows_int8<INT8_BLOCKS, INT8_ROWS>(matrix, b, x, 0, rows, y + b * BLOCK, y_stride, into);
  for (; b < last; b++) rows_int8<1, INT8_ROWS>(matrix, b, x, 0, rows, y + b * BLOCK, y_stride, into);
}
