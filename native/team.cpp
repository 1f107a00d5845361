#include "team.hpp"

#include <unistd.h>

namespace dragon {
namespace {

constexpr int BITS = 20;
constexpr uint64_t MASK = (uint64_t(1) << BITS) - 1;
constexpr int SPINS = 3000;  // about 0.1 ms: a caller's patience with a helper that lost its core
// About 0.5 ms: from one token to the next, with what Python does in between. Then helpers sleep.
constexpr int IDLE_SPINS = 15000;

uint64_t next_of(uint64_t ticket) { return ticket & MASK; }
uint64_t count_of(uint64_t ticket) { return (ticket >> BITS) & MASK; }
uint64_t number_of(uint64_t ticket) { return ticket >> (2 * BITS); }

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Team::Team(int threads) : threads_(threads) {}

Team::~Team() {
  if (helpers_.empty()) return;
  if (owner_ != getpid()) {  // after fork the threads are the parent's: there is nobody to join
    for (auto& helper : helpers_) helper.detach();
    return;
  }
  stop_ = true;
  {
    std::lock_guard<std::mutex> lock(mutex_);
  }
  wake_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void Team::start() {
  owner_ = getpid();
  for (int i = 1; i < threads_; i++) helpers_.emplace_back([this, i] { work(i); });
}

void Team::run(int count, Call call, void* context) {
  if (count <= 0) return;
  if (count == 1 || threads_ == 1) {
    for (int task = 0; task < count; task++) call(context, task, 0);
    return;
  }
  if (helpers_.empty()) start();
  const uint64_t number = number_of(ticket_.load(std::memory_order_relaxed)) + 1;
  jobs_[number & 1] = {call, context};
  done_.store(0, std::memory_order_relaxed);
  ticket_.store(((number << BITS) | uint64_t(count)) << BITS, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
    }
    wake_.notify_all();
  }
  while (take_one(0)) {
  }
  for (int spins = 0; done_.load(std::memory_order_acquire) < count; spins++) {
    pause();
    if (spins > SPINS) std::this_thread::yield();  // let the helper that holds a task have this core
  }
}

bool Team::has_task() const {
  const uint64_t ticket = ticket_.load(std::memory_order_seq_cst);
  return next_of(ticket) < count_of(ticket);
}

bool Team::take_one(int thread) {
  if (!has_task()) return false;  // looking first keeps the counter from running over its bits
  const uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acq_rel);
  if (next_of(ticket) >= count_of(ticket)) return false;
  const Job job = jobs_[number_of(ticket) & 1];
  job.call(job.context, int(next_of(ticket)), thread);
  done_.fetch_add(1, std::memory_order_release);
  return true;
}

void Team::work(int thread) {
  while (!stop_) {
    int spins = 0;
    while (spins++ < IDLE_SPINS && !stop_) {
      if (take_one(thread)) spins = 0;
      pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [this] { return stop_ || has_task(); });
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }
}

}  // namespace dragon
