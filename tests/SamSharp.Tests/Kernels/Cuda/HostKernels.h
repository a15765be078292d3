// What UpdateKernels.cu needs of CUDA, for the CPU: blocks run one after another, and the threads of a block take turns between the points where
// they would wait for each other.

#pragma once
#include <map>
#include <string>
#include <utility>

#define DEVICE inline
#define SHARED thread_local // tests run side by side

struct Launch
{
    unsigned block, threads;
    bool failed;
};

inline Launch &current()
{
    static thread_local Launch launch;
    return launch;
}

inline unsigned block() { return current().block; }

template <unsigned Threads, class Body> void each_thread(Body body)
{
    if (current().threads != Threads) current().failed = true; // the caller and the kernel disagree on the size of a block
    for (unsigned thread = 0; thread < Threads; thread++) body(thread);
}

inline double square_root(double x) { return __builtin_sqrt(x); }

using Run = void (*)(void **arguments);

inline std::map<std::string, Run> &kernels()
{
    static std::map<std::string, Run> all;
    return all;
}

template <class... Parameters, std::size_t... I>
void call(void (*kernel)(Parameters...), void **arguments, std::index_sequence<I...>)
{
    kernel(*static_cast<Parameters *>(arguments[I])...);
}

template <class... Parameters> void call(void (*kernel)(Parameters...), void **arguments)
{
    call(kernel, arguments, std::index_sequence_for<Parameters...>{});
}

#define KERNEL(size, name, ...)                                                                        \
    static void name(__VA_ARGS__);                                                                     \
    static const bool name##_known = kernels().emplace(#name, [](void **a) { call(name, a); }).second; \
    static void name(__VA_ARGS__)
