// Keys and values of one sequence, in chunks of CHUNK_TOKENS that are made when they are needed.
//
// Both lie in the packed layout of a matrix, so that the products of attention are matrix products:
// in a chunk of T tokens, for each slot and key/value head, keys [T/16, D, 16] and values [D/16, T, 16],
// as floats or halves. A sequence that goes on has a slot for every layer; one that is read once makes
// do with two. Chunks are shared between forks and copied before they are written to.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "model.hpp"

namespace dragon {

constexpr int CHUNK_TOKENS = 64;

class Cache {
 public:
  Cache(int slots, int kv_heads, int head_dim, int capacity, bool half);

  // Makes the tokens [start, end) writable. Throws std::invalid_argument where they leave a gap after
  // the tokens that are there, or pass the capacity.
  void reserve(int start, int end);
  // Forgets the tokens from `length` on.
  void truncate(int length);
  // A new sequence that begins with the first `length` tokens of this one.
  std::unique_ptr<Cache> fork(int length) const;

  bool half() const { return half_; }
  int length() const { return length_; }
  int capacity() const { return capacity_; }
  size_t nbytes() const { return chunks_.size() * chunk_bytes_; }

  // First element of the keys or values of one head in one chunk; Element is float or Half.
  template <class Element>
  Element* keys(int chunk, int layer, int head) const {
    const size_t place = size_t(layer % slots_) * kv_heads_ + head;
    return reinterpret_cast<Element*>(chunks_[chunk].get()) + place * (key_size_ + value_size_);
  }
  template <class Element>
  Element* values(int chunk, int layer, int head) const {
    return keys<Element>(chunk, layer, head) + key_size_;
  }

 private:
  using Chunk = std::shared_ptr<std::byte>;
  Chunk new_chunk() const;
  void check(int length) const;

  int slots_, kv_heads_, head_dim_, capacity_, length_ = 0;
  bool half_;
  size_t key_size_, value_size_, chunk_bytes_;
  std::vector<Chunk> chunks_;
};

// Consecutive rows of one sequence; see dragon.engine.body.Run.
struct Run {
  Cache* cache;
  int start, length, visible;
};

}  // namespace dragon
