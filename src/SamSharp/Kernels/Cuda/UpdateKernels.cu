// The passes of the update over a list of tensors, each a few launches whatever the list's length. UpdateKernels.ptx beside this file is
// made from it by .ci/cuda-kernels; the tests run it on the CPU.
//
// A list is cut into chunks, one to a block. The table of its tensors travels as a kernel parameter, so that nothing is copied to the
// device and nothing there goes stale. Products and sums are rounded one by one (-ffp-contract=off): with the same scale, float32 and
// float64 results are those of the CPU, bit for bit. Sums are added up in an order that depends on sizes and alignment alone.

#define DEVICE inline __attribute__((device, always_inline))
#define SHARED __attribute__((shared))
#define KERNEL(threads, name, ...) extern "C" __attribute__((global, launch_bounds(threads))) void name(__VA_ARGS__)

DEVICE unsigned block() { return __nvvm_read_ptx_sreg_ctaid_x(); }

// What each thread of the block does, up to a point where they wait for each other.
template <unsigned Threads, class Body> DEVICE void each_thread(Body body)
{
    body(__nvvm_read_ptx_sreg_tid_x());
    __syncthreads();
}

DEVICE double square_root(double x) { return __nvvm_sqrt_rn_d(x); }

// LaunchTable.cs has these numbers too.
constexpr unsigned PassThreads = 256;
constexpr unsigned FinishThreads = 1024;
constexpr unsigned ChunkElements = 16384;
constexpr unsigned TableTensors = 120;

struct Table
{
    unsigned tensors;
    unsigned first_chunk;                // of this launch, among the chunks of the whole list
    unsigned ends[TableTensors];         // chunks of this launch up to and including each tensor's last
    unsigned tails[TableTensors];        // elements in each tensor's last chunk
    void *addresses[3][TableTensors];    // weights, vectors, results
};

// Dtypes: how they are stored, and what is computed in.

struct Float32
{
    using Stored = float;
    using Number = float;
    static DEVICE Number widen(Stored x) { return x; }
    static DEVICE Stored narrow(Number x) { return x; }
};

struct Float64
{
    using Stored = double;
    using Number = double;
    static DEVICE Number widen(Stored x) { return x; }
    static DEVICE Stored narrow(Number x) { return x; }
};

struct Float16
{
    using Stored = _Float16;
    using Number = float;
    static DEVICE Number widen(Stored x) { return x; }
    static DEVICE Stored narrow(Number x) { return static_cast<Stored>(x); }
};

struct BFloat16 // the upper half of a float32; Turing has no instructions for it
{
    using Stored = unsigned short;
    using Number = float;
    static DEVICE Number widen(Stored x) { return __builtin_bit_cast(float, static_cast<unsigned>(x) << 16); }
    static DEVICE Stored narrow(Number x)
    {
        if (x != x) return 0x7fc0;
        unsigned bits = __builtin_bit_cast(unsigned, x);
        return static_cast<Stored>((bits + 0x7fff + (bits >> 16 & 1)) >> 16); // to nearest, ties to even
    }
};

// What is summed up, from a weight and the element of the vector beside it: in double, where no square of a narrower number overflows or vanishes.

struct Square
{
    DEVICE double operator()(double, double v) const { return v * v; }
};

struct Product
{
    DEVICE double operator()(double w, double v) const { return w * v; }
};

struct ScaledSquare
{
    double kappa;
    DEVICE double operator()(double w, double v) const
    {
        double scaled = (__builtin_elementwise_abs(w) + kappa) * v;
        return scaled * scaled;
    }
};

// What is written. Copies take the bits as they are, the others compute.

template <class Stored> struct Copy
{
    DEVICE Stored operator()(Stored, Stored v) const { return v; }
};

template <class Dtype> struct Step
{
    typename Dtype::Number scale;
    DEVICE typename Dtype::Stored operator()(typename Dtype::Stored w, typename Dtype::Stored v) const
    {
        return Dtype::narrow(Dtype::widen(w) + scale * Dtype::widen(v));
    }
};

template <class Dtype> struct AdaptiveStep
{
    typename Dtype::Number scale, kappa;
    DEVICE typename Dtype::Stored operator()(typename Dtype::Stored stored, typename Dtype::Stored v) const
    {
        auto w = Dtype::widen(stored);
        auto metric = __builtin_elementwise_abs(w) + kappa;
        return Dtype::narrow(w + scale * metric * (metric * Dtype::widen(v)));
    }
};

template <class Dtype> struct Mix
{
    typename Dtype::Number own, other;
    DEVICE typename Dtype::Stored operator()(typename Dtype::Stored w, typename Dtype::Stored v) const
    {
        return Dtype::narrow(own * Dtype::widen(w) + other * Dtype::widen(v));
    }
};

// The chunk of the list that a block works on.
template <class Stored> struct Chunk
{
    static constexpr unsigned Width = 16 / sizeof(Stored);
    using Vector = Stored __attribute__((ext_vector_type(Width)));

    const Stored *weights, *vectors;
    Stored *results;
    unsigned count;

    DEVICE explicit Chunk(const Table &table)
    {
        unsigned chunk = block(), tensor = 0, beyond = table.tensors - 1;
        while (tensor < beyond) // to the first tensor that ends after the chunk
        {
            unsigned middle = (tensor + beyond) / 2;
            if (table.ends[middle] > chunk) beyond = middle;
            else tensor = middle + 1;
        }
        unsigned first = tensor == 0 ? 0 : table.ends[tensor - 1];
        unsigned long long start = static_cast<unsigned long long>(chunk - first) * ChunkElements;
        weights = static_cast<const Stored *>(table.addresses[0][tensor]) + start;
        vectors = static_cast<const Stored *>(table.addresses[1][tensor]) + start;
        results = static_cast<Stored *>(table.addresses[2][tensor]) + start;
        count = chunk + 1 == table.ends[tensor] ? table.tails[tensor] : ChunkElements;
    }

    // A thread's share: 16 bytes at a time, one(i) for what lies before and after; for all, where the tensors are not aligned alike.
    template <class One, class Many> DEVICE void walk(unsigned thread, One one, Many many) const
    {
        auto offset = [](const void *address) { return static_cast<unsigned>(reinterpret_cast<unsigned long long>(address)) % 16; };
        bool alike = offset(weights) == offset(vectors) && offset(vectors) == offset(results);
        unsigned head = alike ? (16 - offset(results)) % 16 / sizeof(Stored) : count;
        if (head > count) head = count;
        unsigned tail = head + (count - head) / Width * Width;
        for (unsigned i = thread; i < head; i += PassThreads) one(i);
        for (unsigned i = head + thread * Width; i < tail; i += PassThreads * Width) many(i);
        for (unsigned i = tail + thread; i < count; i += PassThreads) one(i);
    }

    template <class Lanes> DEVICE void map(Lanes lanes) const
    {
        each_thread<PassThreads>([&](unsigned thread)
        {
            walk(thread,
                [&](unsigned i) { results[i] = lanes(weights[i], vectors[i]); },
                [&](unsigned i)
                {
                    Vector w = *reinterpret_cast<const Vector *>(weights + i), v = *reinterpret_cast<const Vector *>(vectors + i), r;
#pragma unroll
                    for (unsigned lane = 0; lane < Width; lane++) r[lane] = lanes(w[lane], v[lane]);
                    *reinterpret_cast<Vector *>(results + i) = r;
                });
        });
    }
};

// Adds up what each thread has, in pairs that are fixed; the first one's sum is the whole.
template <unsigned Threads> DEVICE void add_up(double *sums)
{
    for (unsigned half = Threads / 2; half > 0; half /= 2)
        each_thread<Threads>([&](unsigned thread) { if (thread < half) sums[thread] += sums[thread + half]; });
}

// One number for each chunk.
template <class Dtype, class Lanes> DEVICE void sum(const Table &table, double *sums, void *partials, Lanes lanes)
{
    using Stored = typename Dtype::Stored;
    Chunk<Stored> chunk(table);
    each_thread<PassThreads>([&](unsigned thread)
    {
        double total = 0;
        auto one = [&](Stored w, Stored v) { total += lanes(Dtype::widen(w), Dtype::widen(v)); };
        chunk.walk(thread,
            [&](unsigned i) { one(chunk.weights[i], chunk.vectors[i]); },
            [&](unsigned i)
            {
                using Vector = typename Chunk<Stored>::Vector;
                Vector w = *reinterpret_cast<const Vector *>(chunk.weights + i), v = *reinterpret_cast<const Vector *>(chunk.vectors + i);
#pragma unroll
                for (unsigned lane = 0; lane < Chunk<Stored>::Width; lane++) one(w[lane], v[lane]);
            });
        sums[thread] = total;
    });
    add_up<PassThreads>(sums);
    each_thread<PassThreads>([&](unsigned thread) { if (thread == 0) static_cast<double *>(partials)[table.first_chunk + block()] = sums[0]; });
}

// The whole of the chunks' numbers, added up by a single block.
template <class Finish> DEVICE void finish(const double *partials, unsigned count, double *sums, Finish write)
{
    each_thread<FinishThreads>([&](unsigned thread)
    {
        double total = 0;
#pragma unroll 4
        for (unsigned i = thread; i < count; i += FinishThreads) total += partials[i];
        sums[thread] = total;
    });
    add_up<FinishThreads>(sums);
    each_thread<FinishThreads>([&](unsigned thread) { if (thread == 0) write(sums[0]); });
}

// Every pass over a list has the same parameters: the table, up to two addresses of numbers on the device, and a number.

#define SUM(name, dtype, Dtype, ...)                                                              \
    KERNEL(PassThreads, name##_##dtype, const Table table, void *partials, void *, double number) \
    {                                                                                             \
        SHARED static double sums[PassThreads];                                                   \
        [[maybe_unused]] double kappa = number;                                                   \
        sum<Dtype>(table, sums, partials, __VA_ARGS__);                                           \
    }

#define MAP(name, dtype, Dtype, ...)                                                                 \
    KERNEL(PassThreads, name##_##dtype, const Table table, void *first, void *second, double number) \
    {                                                                                                \
        [[maybe_unused]] auto a = static_cast<const Dtype::Number *>(first);                         \
        [[maybe_unused]] auto b = static_cast<const Dtype::Number *>(second);                        \
        [[maybe_unused]] auto c = static_cast<Dtype::Number>(number);                                \
        Chunk<Dtype::Stored>(table).map(__VA_ARGS__);                                                \
    }

#define PASSES(dtype, Dtype)                                             \
    SUM(square, dtype, Dtype, Square{})                                  \
    SUM(scaled_square, dtype, Dtype, ScaledSquare{kappa})                \
    SUM(product, dtype, Dtype, Product{})                                \
    MAP(step, dtype, Dtype, Step<Dtype>{*a})                             \
    MAP(adaptive_step, dtype, Dtype, AdaptiveStep<Dtype>{*a, c})         \
    MAP(copy, dtype, Dtype, Copy<Dtype::Stored>{})                       \
    MAP(accumulate, dtype, Dtype, Step<Dtype>{c})                        \
    MAP(mix, dtype, Dtype, Mix<Dtype>{*a, *b})

PASSES(float32, Float32)
PASSES(float64, Float64)
PASSES(float16, Float16)
PASSES(bfloat16, BFloat16)

KERNEL(FinishThreads, total_float64, const double *partials, unsigned count, double *result)
{
    SHARED static double sums[FinishThreads];
    finish(partials, count, sums, [=](double sum) { *result = sum; });
}

#define SCALARS(dtype, Number)                                                                   \
    KERNEL(FinishThreads, root_##dtype, const double *partials, unsigned count, Number *result)  \
    {                                                                                            \
        SHARED static double sums[FinishThreads];                                                \
        finish(partials, count, sums, [=](double sum) { *result = square_root(sum); });          \
    }                                                                                            \
    /* 0 where the norm is 0, infinite or no number */                                           \
    KERNEL(1, scale_##dtype, const Number *norm, double radius, double floor, Number *result)    \
    {                                                                                            \
        Number n = *norm;                                                                        \
        bool usable = n > 0 && n - n == 0;                                                       \
        *result = usable ? static_cast<Number>(radius) / (n + static_cast<Number>(floor)) : 0;   \
    }

SCALARS(float32, float)
SCALARS(float64, double)
