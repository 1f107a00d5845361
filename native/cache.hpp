// Keys and values of one sequence, in chunks of CHUNK_TOKENS that are made when they are needed.
//
// Both lie in the packed layout of a matrix, so that the products of attention are matrix products:
// in a chunk of T tokens, for each slot and key/value head, keys [T/16, D, 16] and values [D/16, T, 16],
// as floats, halves or int8; these with a float for each token's key and each value, after all of them:
// [2, T], number = int8 * float. A sequence that goes on has a slot for every layer; one that is read once makes
// do with two. Chunks are shared between forks and copied before they are written to.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "model.hpp"

namespace dragon {

constexpr int CHUNK_TOKENS = 64;

enum class Kept { f32, f16, int8 };

class Cache {
 public:
  Cache(int slots, int kv_heads, int head_dim, int capacity, Kept kept);

  // Makes the tokens [start, end) writable. Throws std::invalid_argument where they leave a gap after
  // the tokens that are there, or pass the capacity.
  void reserve(int start, int end);
  // Forgets the tokens from `length` on.
  void truncate(int length);
  // A new sequence that begins with the first `length` tokens of this one.
  std::unique_ptr<Cache> fork(int length) const;

  Kept kept() const { return kept_; }
  int length() const { return length_; }
  int capacity() const { return capacity_; }
  size_t nbytes() const { return chunks_.size() * chunk_bytes_; }

  // First element of the keys or values of one head in one chunk; Element is float, Half or Byte.
  template <class Element>
  Element* keys(int chunk, int layer, int head) const {
    return reinterpret_cast<Element*>(chunks_[chunk].get()) + place(layer, head) * (key_size_ + value_size_);
  }
  template <class Element>
  Element* values(int chunk, int layer, int head) const {
    return keys<Element>(chunk, layer, head) + key_size_;
  }
  // Of int8: the floats of the keys; those of the values follow CHUNK_TOKENS on.
  float* scales(int chunk, int layer, int head) const {
    std::byte* after = chunks_[chunk].get() + size_t(slots_) * kv_heads_ * (key_size_ + value_size_);
    return reinterpret_cast<float*>(after) + place(layer, head) * 2 * CHUNK_TOKENS;
  }

 private:
  using Chunk = std::shared_ptr<std::byte>;
  Chunk new_chunk() const;
  size_t place(int layer, int head) const { return size_t(layer % slots_) * kv_heads_ + head; }
  void check(int length) const;

  int slots_, kv_heads_, head_dim_, capacity_, length_ = 0;
  Kept kept_;
  size_t key_size_, value_size_, chunk_bytes_;
  std::vector<Chunk> chunks_;
};

// Consecutive rows of one sequence; see dragon.engine.body.Run.
struct Run {
  Cache* cache;
  int start, length, visible;
};

}  // namespace dragon
