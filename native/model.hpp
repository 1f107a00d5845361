// What the kernels work on: matrices in their packed layouts, and layers. Plain data, no behaviour.
//
// Shapes: N rows and K columns of a matrix, C channels, D head size. Buffers are padded to whole
// blocks, so that no kernel has a remainder loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dragon {

constexpr int BLOCK = 16;  // rows of a matrix that lie interleaved

inline int blocks(int n) { return (n + BLOCK - 1) / BLOCK; }
inline int padded(int n) { return blocks(n) * BLOCK; }

enum class Format { f32, bf16, int8, int4 };

// A matrix [n, k] in the layouts of dragon.engine.*_layout. The memory belongs to Python.
//
//   f32   [n/16, k, 16] floats
//   bf16  [n/16, k/2, 16, 2]
//   int8  [n/16, k/4, 16, 4] bytes, value + 128; scale [n/16, k/group, 16] floats
//   int4  [n/16, k/8, 16, 4] bytes, value + 8, columns 0-3 in the low halves, 4-7 in the high ones;
//         scale [n/16, k/group, 16] bf16
struct Matrix {
  int n = 0, k = 0;
  Format format = Format::f32;
  int group = 0;  // columns that share a scale: a multiple of 32
  const void* data = nullptr;
  const void* scale = nullptr;
  const float* bias = nullptr;  // [padded n] or none

  bool in_groups() const { return format == Format::int8 || format == Format::int4; }
  int groups() const { return (k + group - 1) / group; }
};

struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;  // LayerNorm where set, else RMSNorm
};

enum class Activation { swiglu, gelu, gelu_tanh, relu };

struct Layer {
  Norm attention_norm, mlp_norm, q_norm, k_norm;  // the last two of each head, or none
  Matrix q, k, v, o, gate, up, down;              // gate only with swiglu
};

struct Model {
  int hidden = 0, intermediate = 0, heads = 0, kv_heads = 0, head_dim = 0;
  int window = 0;  // tokens that a row looks back on, itself included; 0 is all
  float eps = 0;
  Activation activation = Activation::swiglu;
  const float* cos = nullptr;  // [positions, D/2], or none where positions are added at the input
  const float* sin = nullptr;
  std::vector<Layer> layers;
  Norm final_norm;

  int q_width() const { return padded(heads * head_dim); }
  int kv_width() const { return padded(kv_heads * head_dim); }
  int per_kv() const { return heads / kv_heads; }
};

}  // namespace dragon
