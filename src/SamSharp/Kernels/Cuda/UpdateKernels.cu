// The passes of the update over a list of tensors, each a few launches whatever the list's length. UpdateKernels.ptx beside this file is
// made from it by .ci/cuda-kernels; the tests run it on the CPU.
//
// A list is cut into chunks, one to a block. The table of its tensors travels as a kernel parameter, so that nothing is copied to the
// device and nothing there goes stale. Products and sums are rounded one by one (-ffp-contract=off): with the same scale, float32 and
// float64 results are those of the CPU, bit for bit. Sums are added up in an order that depends on sizes and alignment alone.

#define INLINE __attribute__((always_inline))
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

// LaunchTable.cs has these numbers too. Of three addresses each, the table holds 120 tensors; of five, 80.
constexpr unsigned PassThreads = 256;
constexpr unsigned FinishThreads = 1024;
constexpr unsigned ChunkElements = 16384;
constexpr unsigned TableNumbers = 480;

template <unsigned Lists> struct Table
{
    static constexpr unsigned Tensors = TableNumbers / (Lists + 1);

    unsigned tensors;
    unsigned first_chunk;              // of this launch, among the chunks of the whole list
    unsigned ends[Tensors];            // chunks of this launch up to and including each tensor's last
    unsigned tails[Tensors];           // elements in each tensor's last chunk
    void *addresses[Lists][Tensors];   // weights, vectors, results
};

using Plain = Table<3>;
using Rounded = Table<5>; // the fourth list: masters, all null without any; the fifth, in place of addresses: keys

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

    // Up where the distance from below, in spacings, and random / 2^16 make 1.
    static DEVICE Stored narrow(Number x, unsigned random)
    {
        if (x != x) return static_cast<Stored>(x);
        unsigned bits = __builtin_bit_cast(unsigned, x), sign = bits & 0x80000000, size = bits - sign;
        if (size < 0x38800000) // below 2^-14 the spacing is 2^-24
        {
            float spacings = __builtin_bit_cast(float, size) * 0x1p24f;
            unsigned below = static_cast<unsigned>(spacings);
            bool up = spacings - static_cast<float>(below) >= static_cast<float>(0x10000 - random) * 0x1p-16f;
            return __builtin_bit_cast(Stored, static_cast<unsigned short>(sign >> 16 | (up ? below + 1 : below)));
        }
        return static_cast<Stored>(__builtin_bit_cast(float, (bits + (random >> 3)) & ~0x1fffu));
    }
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

    // Up with the probability of the distance from below.
    static DEVICE Stored narrow(Number x, unsigned random)
    {
        return x != x ? 0x7fc0 : static_cast<Stored>((__builtin_bit_cast(unsigned, x) + random) >> 16);
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
    unsigned count, tensor;
    unsigned long long start; // among the tensor's elements

    template <class Table> DEVICE explicit Chunk(const Table &table)
    {
        unsigned chunk = block(), at = 0, beyond = table.tensors - 1;
        while (at < beyond) // to the first tensor that ends after the chunk
        {
            unsigned middle = (at + beyond) / 2;
            if (table.ends[middle] > chunk) beyond = middle;
            else at = middle + 1;
        }
        tensor = at;
        unsigned first = at == 0 ? 0 : table.ends[at - 1];
        start = static_cast<unsigned long long>(chunk - first) * ChunkElements;
        weights = static_cast<const Stored *>(table.addresses[0][at]) + start;
        vectors = static_cast<const Stored *>(table.addresses[1][at]) + start;
        results = static_cast<Stored *>(table.addresses[2][at]) + start;
        count = chunk + 1 == table.ends[at] ? table.tails[at] : ChunkElements;
    }

    // How far an address lies from a boundary of 16 bytes.
    static DEVICE unsigned offset(const void *address) { return static_cast<unsigned>(reinterpret_cast<unsigned long long>(address)) % 16; }

    // A thread's share: 16 bytes at a time, one(i) for what lies before and after; for all, where the tensors are not aligned alike.
    template <class One, class Many> DEVICE void walk(unsigned thread, One one, Many many, bool others_alike = true) const
    {
        bool alike = others_alike && offset(weights) == offset(vectors) && offset(vectors) == offset(results);
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

// 16-bit weights that are computed in float32, from their masters if there are any, and rounded once.
template <class Dtype> struct RoundedChunk : Chunk<typename Dtype::Stored>
{
    using Stored = typename Dtype::Stored;
    using Vector = typename Chunk<Stored>::Vector;
    using Four = float __attribute__((ext_vector_type(4)));

    using Words = unsigned __attribute__((ext_vector_type(4))); // a Vector of results

    float *masters;
    unsigned group, before, after; // of the first element's random bits; the halves of the key
    bool at_random;

    DEVICE RoundedChunk(const Rounded &table, bool random) : Chunk<Stored>(table), at_random(random)
    {
        masters = static_cast<float *>(table.addresses[3][this->tensor]);
        if (masters) masters += this->start;
        auto key = reinterpret_cast<unsigned long long>(table.addresses[4][this->tensor]);
        group = static_cast<unsigned>(this->start / 2);
        before = static_cast<unsigned>(key);
        after = static_cast<unsigned>(key >> 32);
    }

    // BrainRounding.cs has the same hash: its halves belong to two elements that are 8 apart.
    DEVICE unsigned random_bits(unsigned i) const
    {
        unsigned hash = (group + i / 16 * 8 + i % 8) ^ before;
        hash = (hash ^ hash >> 16) * 0x7feb352du;
        hash = (hash ^ hash >> 15) * 0x846ca68bu;
        hash = ((hash ^ hash >> 16) + after) * 0x9e3779b1u;
        hash ^= hash >> 15;
        return i & 8 ? hash & 0xffff : hash >> 16;
    }

    DEVICE Stored round(float x, unsigned i) const { return at_random ? Dtype::narrow(x, random_bits(i)) : Dtype::narrow(x); }

    // So that no register has a half that nothing has written.
    static DEVICE void put(Words &words, unsigned lane, Stored x)
    {
        words[lane / 2] |= static_cast<unsigned>(__builtin_bit_cast(unsigned short, x)) << lane % 2 * 16;
    }

    // The master, or the weight where something else has changed it since it was rounded.
    static DEVICE float current(Stored weight, float master)
    {
        return __builtin_bit_cast(unsigned short, Dtype::narrow(master)) == __builtin_bit_cast(unsigned short, weight) ? master : Dtype::widen(weight);
    }

    template <class One, class Many> DEVICE void walk(One one, Many many) const
    {
        bool alike = !masters || this->offset(masters) == 2 * this->offset(this->results) % 16;
        each_thread<PassThreads>([&](unsigned thread) INLINE { Chunk<Stored>::walk(thread, one, many, alike); });
    }

    // result := lanes(w, v)
    template <class Lanes> DEVICE void map(Lanes lanes) const
    {
        // No weight but NaN is rounded from it.
        constexpr float None = __builtin_nanf("");
        walk(
            [&](unsigned i) INLINE
            {
                float w = current(this->weights[i], masters ? masters[i] : None);
                this->results[i] = round(lanes(w, Dtype::widen(this->vectors[i])), i);
            },
            [&](unsigned i) INLINE
            {
                Vector w = *reinterpret_cast<const Vector *>(this->weights + i), v = *reinterpret_cast<const Vector *>(this->vectors + i);
                Words r = 0;
                Four exact[2] = {None, None};
                if (masters)
                {
                    exact[0] = *reinterpret_cast<const Four *>(masters + i);
                    exact[1] = *reinterpret_cast<const Four *>(masters + i + 4);
                }
#pragma unroll
                for (unsigned lane = 0; lane < 8; lane++)
                    put(r, lane, round(lanes(current(w[lane], exact[lane / 4][lane % 4]), Dtype::widen(v[lane])), i + lane));
                *reinterpret_cast<Words *>(this->results + i) = r;
            });
    }

    // result := master
    DEVICE void round_masters() const
    {
        walk(
            [&](unsigned i) INLINE { this->results[i] = round(masters[i], i); },
            [&](unsigned i) INLINE
            {
                Four exact[2] = {*reinterpret_cast<const Four *>(masters + i), *reinterpret_cast<const Four *>(masters + i + 4)};
                Words r = 0;
#pragma unroll
                for (unsigned lane = 0; lane < 8; lane++) put(r, lane, round(exact[lane / 4][lane % 4], i + lane));
                *reinterpret_cast<Words *>(this->results + i) = r;
            });
    }

    // master := current
    DEVICE void take_up_changes() const
    {
        walk(
            [&](unsigned i) INLINE { masters[i] = current(this->weights[i], masters[i]); },
            [&](unsigned i) INLINE
            {
                Vector w = *reinterpret_cast<const Vector *>(this->weights + i);
#pragma unroll
                for (unsigned half = 0; half < 8; half += 4)
                {
                    Four exact = *reinterpret_cast<const Four *>(masters + i + half);
#pragma unroll
                    for (unsigned lane = 0; lane < 4; lane++) exact[lane] = current(w[half + lane], exact[lane]);
                    *reinterpret_cast<Four *>(masters + i + half) = exact;
                }
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
template <class Dtype, class Lanes> DEVICE void sum(const Plain &table, double *sums, void *partials, Lanes lanes)
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
    KERNEL(PassThreads, name##_##dtype, const Plain table, void *partials, void *, double number) \
    {                                                                                             \
        SHARED static double sums[PassThreads];                                                   \
        [[maybe_unused]] double kappa = number;                                                   \
        sum<Dtype>(table, sums, partials, __VA_ARGS__);                                           \
    }

#define MAP(name, dtype, Dtype, ...)                                                                 \
    KERNEL(PassThreads, name##_##dtype, const Plain table, void *first, void *second, double number) \
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

// The passes over 16-bit weights have a flag in place of the second address.

#define ROUNDED(name, dtype, Dtype, ...)                                                                                      \
    KERNEL(PassThreads, name##_##dtype, const Rounded table, const float *first, unsigned long long at_random, double number) \
    {                                                                                                                         \
        [[maybe_unused]] auto scale = first;                                                                                  \
        [[maybe_unused]] auto kappa = static_cast<float>(number);                                                             \
        RoundedChunk<Dtype>(table, at_random != 0).__VA_ARGS__;                                                               \
    }

#define ROUNDED_PASSES(dtype, Dtype)                                                        \
    ROUNDED(rounded_step, dtype, Dtype, map(Step<Float32>{*scale}))                         \
    ROUNDED(rounded_adaptive_step, dtype, Dtype, map(AdaptiveStep<Float32>{*scale, kappa})) \
    ROUNDED(round, dtype, Dtype, round_masters())                                           \
    ROUNDED(take_up_changes, dtype, Dtype, take_up_changes())

ROUNDED_PASSES(float16, Float16)
ROUNDED_PASSES(bfloat16, BFloat16)

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
