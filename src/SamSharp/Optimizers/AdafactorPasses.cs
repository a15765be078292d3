using System.Numerics;
using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Adafactor over raw memory, tensor after tensor in three passes over blocks: its statistics, the size of the update, its weights. One
/// thread makes all passes over a small tensor, so that it is read from memory once and then from the cache; all threads share a large one.
/// Sums are taken over blocks of fixed size: the number of threads does not change a result.
/// </summary>
/// <remarks>A tensor of two dimensions or more is treated as matrices of R rows and C columns, one for each index of the leading dimensions.
/// With r_i = sqrt(mean(R) / R_i) and c_j = 1 / sqrt(C_j), d_ij = r_i g_ij c_j: no pass needs more scratch memory than a row.</remarks>
internal sealed unsafe partial class AdafactorPasses<T, TTensor>
    where T : unmanaged, IFloatingPointIeee754<T> where TTensor : struct, IStoredTensor<TTensor, T>
{
    /// <summary>Elements of a block: large enough to pay off for a thread, small enough to stay in its cache.</summary>
    private const int BlockElements = 1 << 17;

    /// <summary>Most elements of a tensor that one thread updates alone: 4 MB of float32. The threads share a larger one, and wait for each other
    /// after each pass.</summary>
    private const long MostAlone = 1 << 20;

    /// <summary>Elements that a thread takes at a time, if the tensors are so small that taking one costs as much as its update.</summary>
    private const int Few = 128;

    private readonly AdafactorNumbers _numbers;
    private readonly TensorMemory _memory;
    private readonly TensorMemory? _allMasters, _allRows, _allColumns, _allSquares, _allMoments, _allSizes;
    private readonly ulong[]? _keys;
    private readonly Action<int> _statistics, _measure, _apply;

    // The tensor under way.
    private TTensor _tensor;
    private T* _moment, _size, _rows, _columns, _squares;
    private long _elements;
    private int _rowCount, _columnCount, _matrices, _rowsPerBlock, _blocksPerMatrix;
    private T[] _columnSums = [], _inverseRoots = [];
    private double[] _rowMeans = [];
    private (double Update, double Weight)[] _sums = [];
    private double _factor;
    private T _keep;

    private AdafactorPasses(UpdateBatch batch, TensorMemory memory, TensorMemory? masters, ulong[]? keys, AdafactorNumbers numbers)
    {
        (_numbers, _memory, _allMasters, _keys) = (numbers, memory, masters, keys);
        (_allRows, _allColumns) = (batch.MemoryOf(AdafactorRule.Row), batch.MemoryOf(AdafactorRule.Column));
        _allSquares = batch.MemoryOf(AdafactorRule.Square);
        _allMoments = numbers.Beta1 > 0 ? batch.MemoryOf(AdafactorRule.First) : null;
        _allSizes = numbers.ScalesParameters ? batch.MemoryOf(AdafactorRule.Size) : null;
        _statistics = AverageRows;
        (_measure, _apply) = _allSquares is null ? (MeasureRows, ApplyToRows) : ((Action<int>)MeasureElements, (Action<int>)ApplyToElements);
    }

    /// <summary>The step of all tensors of a batch.</summary>
    public static void Run(UpdateBatch batch, TensorMemory memory, AdafactorNumbers numbers)
    {
        var count = memory.Ends.Length;
        using var masters = batch.MemoryOfMasters();
        var keys = batch.Keys();
        var shared = new AdafactorPasses<T, TTensor>(batch, memory, masters, keys, numbers);
        var large = 0;
        for (var i = 0; i < count; i++)
        {
            if (ElementsOf(memory, i) <= MostAlone) continue;
            shared.Update(i, Shares.Run);
            large++;
        }
        if (large == count) return;

        var (next, taken) = (0, (int)Math.Max(1, Few * count / Math.Max(1, memory.Elements)));
        Shares.Run(get_num_threads(), _ =>
        {
            var own = new AdafactorPasses<T, TTensor>(batch, memory, masters, keys, numbers);
            for (var first = Interlocked.Add(ref next, taken) - taken; first < count; first = Interlocked.Add(ref next, taken) - taken)
            {
                for (var i = first; i < Math.Min(first + taken, count); i++)
                {
                    if (ElementsOf(memory, i) is > 0 and <= MostAlone) own.Update(i, InTurn);
                }
            }
        });
    }

    private static long ElementsOf(TensorMemory memory, int tensor) => memory.Ends[tensor] - (tensor == 0 ? 0 : memory.Ends[tensor - 1]);

    private static void InTurn(int blocks, Action<int> work)
    {
        for (var block = 0; block < blocks; block++) work(block);
    }

    private static T* Start(TensorMemory? memory, int list, int tensor) => memory is null ? null : memory.At<T>(list, new Piece(tensor, 0, 0));

    private void Update(int tensor, Action<int, Action<int>> each)
    {
        _elements = ElementsOf(_memory, tensor);
        _tensor = TTensor.At(_memory, _allMasters, _keys, tensor);
        _moment = Start(_allMoments, 0, tensor);
        _size = Start(_allSizes, 0, tensor);
        if (_allSquares is null) UpdateFactored(tensor, each);
        else UpdateElements(tensor, each);
    }

    private void Apply(long start, T* roots, T factor, int count) => _tensor.Update(
        new AdafactorStep<T>(_keep, factor, roots, _moment == null ? null : _moment + start, T.CreateTruncating(_numbers.Beta1)), start, count);

    /// <summary>Computes how d and w are scaled from each block's sums of d^2, before clipping, and of w^2.</summary>
    private void FindFactors(int blocks)
    {
        double update = 0, weight = 0;
        foreach (var sum in _sums.AsSpan(0, blocks)) (update, weight) = (update + sum.Update, weight + sum.Weight);

        var rate = _numbers.Rate;
        if (_size != null)
        {
            var rms = Math.Sqrt(weight / _elements);
            *_size = T.CreateTruncating(rms);
            rate *= Math.Max(_numbers.Epsilon2, rms);
        }
        _factor = rate / Math.Max(1, Math.Sqrt(update / _elements) / _numbers.ClipThreshold);
        _keep = T.CreateTruncating(1 - (_numbers.WeightDecay * rate));
    }

    /// <summary>The sum of some squared weights, if parameter scaling needs it.</summary>
    private double SquaredWeights(long start, int count) => _size == null ? 0 : _tensor.SumOfWeights(default(Square<T>), start, count);

    /// <summary>The second moment, moved toward a mean of squared gradients.</summary>
    private T Average(T average, double mean) =>
        T.CreateTruncating((_numbers.Decay * double.CreateTruncating(average)) + ((1 - _numbers.Decay) * (mean + _numbers.Epsilon1)));

    private static T InverseRoot(T value) => T.CreateTruncating(1 / Math.Sqrt(double.CreateTruncating(value)));
}
