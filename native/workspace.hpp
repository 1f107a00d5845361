// Memory that passes work in: kept by the body from one to the next, so that a token costs no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace dragon {

// Room for numbers that only grows, at cache lines. Zeros at first: padding must be finite.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { ::operator delete(data_, LINE); }

  T* room(size_t size) {
    if (size > size_) {
      ::operator delete(data_, LINE);
      data_ = nullptr;
      size_ = 0;
      data_ = static_cast<T*>(::operator new(size * sizeof(T), LINE));
      std::memset(static_cast<void*>(data_), 0, size * sizeof(T));
      size_ = size;
    }
    return data_;
  }
  T* data() const { return data_; }

 private:
  static constexpr std::align_val_t LINE{64};
  T* data_ = nullptr;
  size_t size_ = 0;
};

// What one thread needs for itself. What the products read is in rows of padded widths.
struct Scratch {
  Buffer<float> normed, mixed, keys, values, gate, up, scores, head;
  // Copies of activations in the form that a format multiplies with (activations.hpp).
  Buffer<int8_t> int8;
  Buffer<float> scale;
  Buffer<int32_t> start;
  Buffer<uint16_t> bf16;
};

struct Workspace {
  explicit Workspace(int threads) : scratch(new Scratch[threads]) {}
  ~Workspace() { delete[] scratch; }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Scratch* scratch;  // one for each thread
  Buffer<float> queries;
};

}  // namespace dragon
