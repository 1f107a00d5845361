// Rows of activations on their way into a matrix, in the form that its format multiplies with.

constexpr int LARGEST_GROUP = 256;
#if defined(DRAGON_AVX512BF16)
constexpr bool ROUNDS_TO_BF16 = true;  // the instruction takes bf16 on both sides
#else
constexpr bool ROUNDS_TO_BF16 = false;
#endif

// int8 copies of rows, with one scale for the columns that share one in the matrix.
struct QuantizedRows {
  int k_padded = 0, groups = 0, group = 0;
  int8_t* values = nullptr;  // [rows, padded k]
  float* scale = nullptr;    // [rows, groups]
  int32_t* start = nullptr;  // [rows, groups]: minus the sum of the values times the weights' offset
};

struct Input {
  const float* x;
  size_t stride;
  QuantizedRows int8;
  const BFloat* bf16;  // [rows, padded k]
};

// One group: from [group] -> int8 with the largest at 127, and the sum of these; returns the scale.
static float quantize_group(const float* from, int group, int8_t* values, int32_t* sum_of_values) {
  Vec top{};
  for (int i = 0; i < group; i += LANES) top = larger(top, absolute(load(from + i)));
  const float most = maximum(top), inverse = most > 1e-30f ? 127.0f / most : 0.0f;
  IVec total{};
  for (int i = 0; i < group; i += LANES) {
    const IVec v = __builtin_convertvector((load(from + i) * inverse + ROUNDER) - ROUNDER, IVec);
    total += v;
    *reinterpret_cast<LooseBytes*>(values + i) = __builtin_convertvector(v, LooseBytes);
  }
  *sum_of_values = int32_t(sum(__builtin_convertvector(total, Vec)));
  return most > 1e-30f ? most / 127.0f : 0.0f;
}

// x [k] -> row `row`; the columns up to a whole group become zeros.
static void quantize_row(const float* x, int k, int offset, const QuantizedRows& out, int row) {
  for (int g = 0; g < out.groups; g++) {
    const int begin = g * out.group;
    float tail[LARGEST_GROUP];
    const float* from = x + begin;
    if (begin + out.group > k) {
      for (int i = 0; i < out.group; i++) tail[i] = begin + i < k ? from[i] : 0.0f;
      from = tail;
    }
    const size_t at = size_t(row) * out.groups + g;
    int8_t* values = out.values + size_t(row) * out.k_padded + begin;
    out.scale[at] = quantize_group(from, out.group, values, out.start + at);
    out.start[at] *= -offset;
  }
}

// One copy serves every matrix that reads the same rows: their formats and groups are the same.
static Input prepare(Scratch& scratch, const Matrix& reader, const float* x, size_t stride, int rows) {
  Input in{x, stride, {}, nullptr};
  if (reader.in_groups()) {
    const int groups = reader.groups();
    in.int8 = {groups * reader.group, groups, reader.group};
    in.int8.values = scratch.int8.room(size_t(rows) * in.int8.k_padded);
    in.int8.scale = scratch.scale.room(size_t(rows) * groups);
    in.int8.start = scratch.start.room(size_t(rows) * groups);
    const int offset = reader.format == Format::int8 ? 128 - WEIGHTS_LESS : 8;
    for (int i = 0; i < rows; i++) quantize_row(x + i * stride, reader.k, offset, in.int8, i);
  } else if (ROUNDS_TO_BF16 && reader.format == Format::bf16) {
    const int k = padded(reader.k);
    auto to = reinterpret_cast<BFloat*>(scratch.bf16.room(size_t(rows) * k));
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < k; j += LANES) store(to + size_t(i) * k + j, load(x + i * stride + j));
    in.bf16 = to;
  }
  return in;
}
