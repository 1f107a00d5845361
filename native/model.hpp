// What the kernels work on: matrices in their packed layouts, layers, caches. Plain data, no behaviour.
//
// Shapes: N rows and K columns of a matrix, C channels, D head size, S tokens of a sequence. Buffers
// are padded to whole blocks, so that no kernel has a remainder loop.
#pragma once

#include <cstdint>
#include <vector>

namespace dragon {

constexpr int BLOCK = 16;  // rows of a matrix that lie interleaved
constexpr int GROUP = 64;  // columns of an int8 matrix that share a scale

inline int blocks(int n) { return (n + BLOCK - 1) / BLOCK; }
inline int padded(int n) { return blocks(n) * BLOCK; }
inline int groups(int k) { return (k + GROUP - 1) / GROUP; }

// A matrix [n, k]; either f32 or q8 with scale is set. The memory belongs to Python.
struct Matrix {
  int n = 0, k = 0;
  const float* f32 = nullptr;    // [n/16, k, 16]
  const uint8_t* q8 = nullptr;   // [n/16, k/4, 16, 4], value + 128
  const float* scale = nullptr;  // [n/16, k/64, 16]
  const float* bias = nullptr;   // [padded n] or none
};

struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;  // LayerNorm where set, else RMSNorm
};

enum class Activation { swiglu, gelu, relu };

struct Layer {
  Norm attention_norm, mlp_norm;
  Matrix q, k, v, o, gate, up, down;  // gate only with swiglu
};

struct Model {
  int hidden = 0, intermediate = 0, heads = 0, kv_heads = 0, head_dim = 0;
  float eps = 0;
  Activation activation = Activation::swiglu;
  const float* cos = nullptr;  // [positions, D/2], or none where positions are added at the input
  const float* sin = nullptr;
  std::vector<Layer> layers;
  Norm final_norm;
};

// Keys and values of one sequence, both in the packed layout of an f32 matrix, so that the products of
// attention are matrix products: keys [slot, kv head, S/16, D, 16], values [slot, kv head, D/16, S, 16].
// A sequence that goes on needs a slot for every layer; one that is read once makes do with two.
struct Cache {
  int slots, kv_heads, head_dim, capacity;  // capacity: tokens, a multiple of 16
  std::vector<float> storage;
  Cache(int slots_, int kv_heads_, int head_dim_, int tokens)
      : slots(slots_), kv_heads(kv_heads_), head_dim(head_dim_), capacity(padded(tokens)),
        storage(size_t(slots_) * kv_heads_ * (key_size() + value_size())) {}
  size_t key_size() const { return size_t(capacity) * head_dim; }
  size_t value_size() const { return size_t(capacity) * padded(head_dim); }
  float* keys(int layer, int head) {
    return storage.data() + (size_t(layer % slots) * kv_heads + head) * (key_size() + value_size());
  }
  float* values(int layer, int head) { return keys(layer, head) + key_size(); }
};

// Consecutive rows of one sequence; see dragon.engine.body.Run.
struct Run {
  Cache* cache;
  int start, length, visible;
};

}  // namespace dragon
