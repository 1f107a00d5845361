// Vectors of LANES floats, in the compiler's own vector extension: one source for every instruction set.
// Included by isa_*.cpp inside the namespace and the target of that instruction set; so are the files
// that build on it, which therefore have no include guards of their own and no includes.

typedef float Vec __attribute__((vector_size(LANES * 4)));
typedef int32_t IVec __attribute__((vector_size(LANES * 4)));
typedef float LooseVec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t LooseIVec __attribute__((vector_size(LANES * 4), aligned(1), may_alias));
typedef uint16_t LooseHalves __attribute__((vector_size(LANES * 2), aligned(2), may_alias));
constexpr int V = BLOCK / LANES;  // vectors in a block

struct Half {  // IEEE binary16, by its bits
  uint16_t bits;
};
struct Byte {  // int8
  int8_t value;
};
struct BFloat {  // bfloat16: the upper half of a float
  uint16_t bits;
};

static inline Vec load(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
static inline void store(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
static inline Vec splat(float x) { return x - Vec{}; }
static inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }
static inline Vec smaller(Vec a, Vec b) { return a < b ? a : b; }
static inline Vec absolute(Vec a) { return larger(a, -a); }

static inline IVec load_16_bits(const void* p) {
  return __builtin_convertvector(*static_cast<const LooseHalves*>(p), IVec);
}
static inline void store_16_bits(void* p, IVec v) {
  *static_cast<LooseHalves*>(p) = __builtin_convertvector(v, LooseHalves);
}

typedef int8_t LooseBytes __attribute__((vector_size(LANES), aligned(1), may_alias));

static inline Vec load(const Byte* p) {
  const IVec wide = __builtin_convertvector(*reinterpret_cast<const LooseBytes*>(p), IVec);
  return __builtin_convertvector(wide, Vec);
}
// v from -127 to 127, whole numbers.
static inline void store(Byte* p, Vec v) {
  *reinterpret_cast<LooseBytes*>(p) = __builtin_convertvector(__builtin_convertvector(v, IVec), LooseBytes);
}

static inline Vec load(const BFloat* p) { return (Vec)(load_16_bits(p) << 16); }

// To the nearest, halves to even. No NaN comes this way.
static inline void store(BFloat* p, Vec v) {
  const IVec bits = (IVec)v;
  store_16_bits(p, (bits + 0x7fff + ((bits >> 16) & 1)) >> 16 & 0xffff);
}

constexpr float HALF_MOST = 65504.0f;

#if defined(DRAGON_AVX512)
static inline Vec load(const Half* p) {
  return (Vec)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
static inline void store(Half* p, Vec v) {
  v = smaller(larger(v, splat(-HALF_MOST)), splat(HALF_MOST));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph((__m512)v, 0));
}
#elif defined(DRAGON_AVX2)
static inline Vec load(const Half* p) {
  return (Vec)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
static inline void store(Half* p, Vec v) {
  v = smaller(larger(v, splat(-HALF_MOST)), splat(HALF_MOST));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph((__m256)v, 0));
}
#else
// The exponent moves from bias 15 to 127 by a multiplication, which keeps subnormal numbers right.
static inline Vec load(const Half* p) {
  const IVec bits = load_16_bits(p);
  const Vec size = (Vec)((bits & 0x7fff) << 13) * 0x1p112f;
  return (Vec)((IVec)size | (bits & 0x8000) << 16);
}
static inline void store(Half* p, Vec v) {
  const IVec bits = (IVec)(smaller(absolute(v), splat(HALF_MOST)) * 0x1p-112f);
  const IVec rounded = (bits + 0xfff + ((bits >> 13) & 1)) >> 13;
  store_16_bits(p, rounded | (((IVec)v >> 16) & 0x8000));
}
#endif

#if defined(DRAGON_AVX512)
static inline float sum(Vec v) { return _mm512_reduce_add_ps((__m512)v); }
static inline float maximum(Vec v) { return _mm512_reduce_max_ps((__m512)v); }
#else
static inline float sum(Vec v) {
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) v[i] += v[i + width];
  return v[0];
}
static inline float maximum(Vec v) {
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) v[i] = v[i] > v[i + width] ? v[i] : v[i + width];
  return v[0];
}
#endif

// Adding and taking off 1.5 * 2^23 rounds to the nearest integer, halves to even.
constexpr float ROUNDER = 12582912.0f;

// e^x after Cephes: x = n ln 2 + f, a polynomial in f, n put into the exponent. Below -87 it is e^-87.
static inline Vec exponential(Vec x) {
  x = smaller(larger(x, splat(-87.0f)), splat(88.0f));
  const Vec n = (x * 1.44269504f + ROUNDER) - ROUNDER;
  Vec f = x - n * 0.693359375f;
  f = f + n * 2.12194440e-4f;
  Vec p = f * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  const IVec exponent = (__builtin_convertvector(n, IVec) + 127) << 23;
  return p * (Vec)exponent;  // the same bits
}

// Abramowitz and Stegun 7.1.26, |error| <= 1.5e-7, as in the NumPy kernels.
static inline Vec error_function(Vec x) {
  const Vec a = absolute(x), t = 1.0f / (1.0f + 0.3275911f * a);
  Vec p = 1.061405429f * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Vec e = 1.0f - p * t * exponential(-x * x);
  return x < 0.0f ? -e : e;
}
