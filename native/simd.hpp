// Vectors of LANES floats, in the compiler's own vector extension: one source for every instruction set.
// Included by isa_*.cpp inside the namespace and the target of that instruction set; so are the files
// that build on it, which therefore have no include guards of their own and no includes.

typedef float Vec __attribute__((vector_size(LANES * 4)));
typedef int32_t IVec __attribute__((vector_size(LANES * 4)));
typedef float LooseVec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
constexpr int V = BLOCK / LANES;  // vectors in a block

static inline Vec load(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
static inline void store(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
static inline Vec splat(float x) { return x - Vec{}; }
static inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }
static inline Vec smaller(Vec a, Vec b) { return a < b ? a : b; }
static inline Vec absolute(Vec a) { return larger(a, -a); }

static inline float sum(Vec v) {
  float s = 0;
  for (int i = 0; i < LANES; i++) s += v[i];
  return s;
}

static inline float maximum(Vec v) {
  float m = v[0];
  for (int i = 1; i < LANES; i++) m = m > v[i] ? m : v[i];
  return m;
}

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
