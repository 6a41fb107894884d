// The peer of bench.c in C++20: coroutines through a ready queue, which give way to each other.
// usage: bench switch TASKS ROUNDS     prints nanoseconds
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>

static std::deque<std::coroutine_handle<>> ready;

struct GiveWay {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> me) const { ready.push_back(me); }
    void await_resume() const noexcept {}
};

struct Task {
    struct promise_type {
        Task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

static Task spin(long rounds) {
    while (rounds-- > 0)
        co_await GiveWay{};
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    long tasks = std::atol(argv[2]), rounds = std::atol(argv[3]);
    auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < tasks; i++)
        spin(rounds);
    while (!ready.empty()) {
        auto next = ready.front();
        ready.pop_front();
        next.resume();
    }
    std::chrono::nanoseconds took = std::chrono::steady_clock::now() - start;
    std::printf("%lld\n", static_cast<long long>(took.count()));
}
