// A team of threads that share loops: whoever is awake takes the next task, the caller included.
//
// On a busy machine a helper may not get a core in time. Nobody waits for helpers then, only for tasks
// that have been taken: the caller can finish a loop alone. Helpers spin briefly between loops and sleep
// when nothing comes.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace dragon {

class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return threads_; }

  // Calls body(task, thread) for every task in 0..count-1; returns when all are done.
  template <class Body>
  void loop(int count, Body&& body) {
    run(count, [](void* b, int task, int thread) { (*static_cast<Body*>(b))(task, thread); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Call = void (*)(void*, int, int);
  struct Job {
    Call call;
    void* context;
  };

  void run(int count, Call call, void* context);
  bool take_one(int thread);
  bool has_task() const;
  void work(int thread);
  void start();

  int threads_;
  pid_t owner_ = 0;
  std::vector<std::thread> helpers_;
  Job jobs_[2] = {};
  // The number of the loop, its count and the next task, in one word: a task can never be taken from
  // one loop and run for another. 24 + 20 + 20 bits.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> done_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace dragon
