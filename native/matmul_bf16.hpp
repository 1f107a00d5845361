// y [rows, 16 R] = x W^T for R blocks of a bf16 matrix: two columns of 16 rows in 64 bytes.

struct BF16Tile {
#if defined(DRAGON_AVX512)
  static constexpr int ROWS = 8, BLOCKS = 2, ONE = 1;
#elif defined(DRAGON_AVX2) || defined(__aarch64__)
  static constexpr int ROWS = 4, BLOCKS = 1, ONE = 1;
#else
  static constexpr int ROWS = 2, BLOCKS = 1, ONE = 1;
#endif
  const uint16_t* w;
  int k;  // even; the column that was added is zeros
  Input in;
  Output out;

#if defined(DRAGON_AVX512BF16)
  typedef __m512i Pair;
  Pair pair(int row, int i) const {
    int32_t two;
    std::memcpy(&two, in.bf16 + size_t(row) * padded(k) + i, 4);
    return _mm512_set1_epi32(two);
  }
  static Vec dot(Vec sums, IVec weights, Pair x) {
    return (Vec)_mm512_dpbf16_ps((__m512)sums, (__m512bh)weights, (__m512bh)x);
  }
#else
  struct Pair {
    float even, odd;
  };
  Pair pair(int row, int i) const {
    const float* x = in.x + row * in.stride + i;
    return {x[0], x[1]};
  }
  static Vec dot(Vec sums, IVec weights, Pair x) {
    sums += (Vec)(weights << 16) * x.even;
    return sums + (Vec)(weights & int32_t(0xffff0000)) * x.odd;
  }
#endif

  template <int R, int M>
  void run(int block, int row) const {
    const size_t stride = size_t(k) * BLOCK;
    const uint16_t* from = w + block * stride;
    Vec sums[R * V][M];
    for (int r = 0; r < R * V; r++)
      for (int m = 0; m < M; m++) sums[r][m] = Vec{};
    for (int i = 0; i < k; i += 2) {
      IVec weights[R * V];
#pragma GCC unroll 8
      for (int r = 0; r < R * V; r++)
        weights[r] = *reinterpret_cast<const LooseIVec*>(from + (r / V) * stride + size_t(i) * BLOCK +
                                                         (r % V) * LANES * 2);
#pragma GCC unroll 8
      for (int m = 0; m < M; m++) {
        const Pair value = pair(row + m, i);
#pragma GCC unroll 8
        for (int r = 0; r < R * V; r++) sums[r][m] = dot(sums[r][m], weights[r], value);
      }
    }
    out.finish<R, M>(block, row, sums);
  }
};
