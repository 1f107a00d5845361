// The step of every integer product: for each lane, four unsigned weights times four signed activations.
//
// Quads: LANES rows of 4 weight bytes. Four: the 4 activations of one row of x, for all lanes. Sums: what
// is added up, exact in 32 bits or in a float. `dot` takes whole weight bytes, `dot_lower` and `dot_upper`
// their halves, `dot_small` bytes up to 15; the sums of upper halves go through `plain_upper` at the end.
// WEIGHTS_LESS is what `dot` has taken off every weight already.

typedef uint8_t Quads __attribute__((vector_size(LANES * 4)));
typedef Quads LooseQuads __attribute__((aligned(1), may_alias));

static inline Quads quads(const uint8_t* p) {
  Quads w = *reinterpret_cast<const LooseQuads*>(p);
#if defined(DRAGON_AVX512)
  asm("" : "+v"(w));  // or GCC loads it once for each half
#endif
  return w;
}

#if defined(DRAGON_NEON)
constexpr int WEIGHTS_LESS = 128;
#else
constexpr int WEIGHTS_LESS = 0;
#endif

static inline IVec splat_four(const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, 4);
  return four - IVec{};
}

#if defined(DRAGON_AVX512)
typedef IVec Sums, Four;
static inline Four four(const int8_t* x) { return splat_four(x); }
static inline Sums dot(Sums sums, Quads w, Four x) {
  return (Sums)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)w, (__m512i)x);
}
#elif defined(DRAGON_AVXVNNI)
typedef IVec Sums, Four;
static inline Four four(const int8_t* x) { return splat_four(x); }
static inline Sums dot(Sums sums, Quads w, Four x) {
  return (Sums)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)w, (__m256i)x);
}
#elif defined(DRAGON_AVX2)
// pmaddubsw saturates at 16 bits: even and odd columns apart, widened, pmaddwd adds pairs exactly.
typedef IVec Sums;
struct Four {
  __m256i all, even, odd;
};
static inline Four four(const int8_t* x) {
  const __m256i all = (__m256i)splat_four(x);
  return {all, _mm256_srai_epi16(_mm256_slli_epi16(all, 8), 8), _mm256_srai_epi16(all, 8)};
}
static inline Sums dot(Sums sums, Quads w, Four x) {
  const __m256i even = _mm256_and_si256((__m256i)w, _mm256_set1_epi16(255));
  const __m256i odd = _mm256_srli_epi16((__m256i)w, 8);
  return sums + (Sums)_mm256_madd_epi16(even, x.even) + (Sums)_mm256_madd_epi16(odd, x.odd);
}
static inline Sums dot_small(Sums sums, Quads w, Four x) {
  const __m256i pairs = _mm256_maddubs_epi16((__m256i)w, x.all);  // at most 2 * 15 * 127
  return sums + (Sums)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
#elif defined(DRAGON_NEON)
// sdot multiplies signed bytes: 128 comes off every weight on the way.
typedef IVec Sums, Four;
static inline Four four(const int8_t* x) { return splat_four(x); }
static inline Sums dot(Sums sums, Quads w, Four x) {
  const int8x16_t flipped = vreinterpretq_s8_u8((uint8x16_t)w ^ vdupq_n_u8(128));
  return (Sums)vdotq_s32((int32x4_t)sums, flipped, (int8x16_t)x);
}
static inline Sums dot_small(Sums sums, Quads w, Four x) {
  return (Sums)vdotq_s32((int32x4_t)sums, (int8x16_t)w, (int8x16_t)x);
}
#else
// In floats, which hold these integers exactly as long as a group's sum stays below 2^24.
typedef Vec Sums;
struct Four {
  float column[4];
};
static inline Four four(const int8_t* x) {
  return {{float(x[0]), float(x[1]), float(x[2]), float(x[3])}};
}
static inline Sums dot(Sums sums, Quads w, Four x) {
  // One lane is a row and its four bytes are columns, the first the lowest: little-endian.
  const IVec rows = (IVec)w;
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++)
    sums += __builtin_convertvector((rows >> (8 * j)) & 255, Vec) * x.column[j];
  return sums;
}
static inline Sums dot_small(Sums sums, Quads w, Four x) { return dot(sums, w, x); }
#endif

#if defined(DRAGON_AVX512) || defined(DRAGON_AVXVNNI)
static inline Sums dot_lower(Sums sums, Quads w, Four x) { return dot(sums, w & 15, x); }
// Sixteen times too large, which saves a shift of every vector.
static inline Sums dot_upper(Sums sums, Quads w, Four x) { return dot(sums, w & 240, x); }
static inline Sums plain_upper(Sums sums) { return sums >> 4; }
#else
static inline Sums dot_lower(Sums sums, Quads w, Four x) { return dot_small(sums, w & 15, x); }
static inline Sums dot_upper(Sums sums, Quads w, Four x) { return dot_small(sums, w >> 4, x); }
static inline Sums plain_upper(Sums sums) { return sums; }
#endif

static inline Sums all_lanes(int32_t x) { return decltype(Sums{}[0] + 0)(x) - Sums{}; }
static inline Vec as_floats(Vec sums) { return sums; }
static inline Vec as_floats(IVec sums) { return __builtin_convertvector(sums, Vec); }
