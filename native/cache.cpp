#include "cache.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

namespace dragon {
namespace {

constexpr std::align_val_t LINE{64};

// Of a token's key or value: an element of it, and what it has beside its elements.
size_t element_bytes(Kept kept) { return kept == Kept::f32 ? 4 : kept == Kept::f16 ? 2 : 1; }
size_t scale_bytes(Kept kept) { return kept == Kept::int8 ? sizeof(float) : 0; }

int chunks_of(int tokens) { return (tokens + CHUNK_TOKENS - 1) / CHUNK_TOKENS; }

}  // namespace

Cache::Cache(int slots, int kv_heads, int head_dim, int capacity, Kept kept)
    : slots_(slots), kv_heads_(kv_heads), head_dim_(head_dim), capacity_(capacity), kept_(kept),
      key_size_(size_t(CHUNK_TOKENS) * head_dim), value_size_(size_t(CHUNK_TOKENS) * padded(head_dim)),
      chunk_bytes_(size_t(slots) * kv_heads *
                   ((key_size_ + value_size_) * element_bytes(kept) + 2 * CHUNK_TOKENS * scale_bytes(kept))) {
  if (slots < 1 || kv_heads < 1 || head_dim < 1 || capacity < 0)
    throw std::invalid_argument("a cache needs slots, heads, a head size and a capacity");
}

Cache::Chunk Cache::new_chunk() const {
  auto* memory = static_cast<std::byte*>(::operator new(chunk_bytes_, LINE));
  // Products read whole blocks: what was never written must not be a NaN.
  std::memset(memory, 0, chunk_bytes_);
  return Chunk(memory, [](std::byte* p) { ::operator delete(p, LINE); });
}

void Cache::reserve(int start, int end) {
  if (start < 0 || start > length_ || end <= start || end > capacity_)
    throw std::invalid_argument("tokens " + std::to_string(start) + " to " + std::to_string(end) +
                                " do not fit a cache that holds " + std::to_string(length_) + " of " +
                                std::to_string(capacity_));
  while (int(chunks_.size()) < chunks_of(end)) chunks_.push_back(new_chunk());
  for (int i = start / CHUNK_TOKENS; i < chunks_of(end); i++) {
    if (chunks_[i].use_count() == 1) continue;
    Chunk own = new_chunk();
    std::memcpy(own.get(), chunks_[i].get(), chunk_bytes_);
    chunks_[i] = std::move(own);
  }
  length_ = std::max(length_, end);
}

void Cache::check(int length) const {
  if (length < 0 || length > length_)
    throw std::invalid_argument(std::to_string(length) + " tokens of a cache that holds " +
                                std::to_string(length_));
}

void Cache::truncate(int length) {
  check(length);
  length_ = length;
  chunks_.resize(chunks_of(length));
}

std::unique_ptr<Cache> Cache::fork(int length) const {
  check(length);
  auto copy = std::make_unique<Cache>(*this);
  copy->truncate(length);
  return copy;
}

}  // namespace dragon
