using System.Buffers;
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
internal sealed unsafe partial class AdafactorPasses<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Elements of a block: large enough to pay off for a thread, small enough to stay in its cache.</summary>
    private const int BlockElements = 1 << 17;

    /// <summary>Elements from which a tensor is shared by the threads: 4 MB of float32.</summary>
    private const long Large = 1 << 20;

    /// <summary>Small tensors that a thread takes at a time.</summary>
    private const int Few = 4;

    private readonly AdafactorNumbers _numbers;
    private readonly TensorMemory _memory;
    private readonly TensorMemory? _allMasters, _allRows, _allColumns, _allSquares, _allMoments, _allSizes;
    private readonly ulong[]? _keys;
    private readonly bool _isNarrow;
    private readonly Action<int> _statistics, _measure, _apply;

    // The tensor under way.
    private T* _weight, _gradient, _moment, _size, _rows, _columns, _squares;
    private BrainTensor _narrow; // in place of weight and gradient
    private long _elements;
    private int _rowCount, _columnCount, _matrices, _rowsPerBlock, _blocksPerMatrix;
    private T[] _columnSums = [], _inverseRoots = [];
    private double[] _rowMeans = [];
    private (double Update, double Weight)[] _sums = [];
    private double _factor;
    private T _keep;

    private AdafactorPasses(UpdateBatch batch, TensorMemory memory, TensorMemory? masters, ulong[]? keys, AdafactorNumbers numbers)
    {
        (_numbers, _memory, _allMasters, _keys, _isNarrow) = (numbers, memory, masters, keys, memory.Dtype == ScalarType.BFloat16);
        (_allRows, _allColumns) = (batch.MemoryOf(AdafactorRule.Row), batch.MemoryOf(AdafactorRule.Column));
        _allSquares = batch.MemoryOf(AdafactorRule.Square);
        _allMoments = numbers.Beta1 > 0 ? batch.MemoryOf(AdafactorRule.First) : null;
        _allSizes = numbers.ScalesParameters ? batch.MemoryOf(AdafactorRule.Size) : null;
        _statistics = AverageRows;
        (_measure, _apply) = _allSquares is null ? (MeasureRows, ApplyToRows) : ((Action<int>)MeasureElements, (Action<int>)ApplyToElements);
    }

    /// <summary>The step of all tensors of a batch; bfloat16 ones are read and written as they are, and computed in float32.</summary>
    public static void Run(UpdateBatch batch, TensorMemory memory, AdafactorNumbers numbers)
    {
        var count = memory.Ends.Length;
        using var masters = batch.MemoryOfMasters();
        var keys = batch.Keys();
        var shared = new AdafactorPasses<T>(batch, memory, masters, keys, numbers);
        var large = 0;
        for (var i = 0; i < count; i++)
        {
            if (ElementsOf(memory, i) < Large) continue;
            shared.Update(i, Shares.Run);
            large++;
        }
        if (large == count) return;

        var next = 0;
        Shares.Run(get_num_threads(), _ =>
        {
            var own = new AdafactorPasses<T>(batch, memory, masters, keys, numbers);
            for (var first = Interlocked.Add(ref next, Few) - Few; first < count; first = Interlocked.Add(ref next, Few) - Few)
            {
                for (var i = first; i < Math.Min(first + Few, count); i++)
                {
                    if (ElementsOf(memory, i) is > 0 and < Large) own.Update(i, InTurn);
                }
            }
        });
    }

    private static long ElementsOf(TensorMemory memory, int tensor) => memory.Ends[tensor] - (tensor == 0 ? 0 : memory.Ends[tensor - 1]);

    private static void InTurn(int blocks, Action<int> work)
    {
        for (var block = 0; block < blocks; block++) work(block);
    }

    private void Update(int tensor, Action<int, Action<int>> each)
    {
        Find(tensor);
        if (_allSquares is null) UpdateFactored(tensor, each);
        else UpdateElements(tensor, each);
    }

    private void UpdateElements(int tensor, Action<int, Action<int>> each)
    {
        _squares = Start(_allSquares, 0, tensor);
        var blocks = (int)((_elements + BlockElements - 1) / BlockElements);
        _inverseRoots = ArrayPool<T>.Shared.Rent((int)_elements);
        _sums = ArrayPool<(double, double)>.Shared.Rent(blocks);
        each(blocks, _measure);
        FindFactors(blocks);
        each(blocks, _apply);
        ArrayPool<T>.Shared.Return(_inverseRoots);
        ArrayPool<(double, double)>.Shared.Return(_sums);
    }

    private void UpdateFactored(int tensor, Action<int, Action<int>> each)
    {
        _rows = Start(_allRows, 0, tensor);
        _columns = Start(_allColumns, 0, tensor);
        // Of M matrices, M R C elements, M R rows and M C columns are known.
        long rows = ElementsOf(_allRows!, tensor), columns = ElementsOf(_allColumns!, tensor);
        (_rowCount, _columnCount) = ((int)(_elements / columns), (int)(_elements / rows));
        _matrices = (int)(rows / _rowCount);
        _rowsPerBlock = Math.Clamp(BlockElements / _columnCount, 1, _rowCount);
        _blocksPerMatrix = (_rowCount + _rowsPerBlock - 1) / _rowsPerBlock;
        var blocks = _matrices * _blocksPerMatrix;
        _columnSums = ArrayPool<T>.Shared.Rent(blocks * _columnCount);
        _inverseRoots = ArrayPool<T>.Shared.Rent(_matrices * _columnCount);
        _rowMeans = ArrayPool<double>.Shared.Rent(_matrices);
        _sums = ArrayPool<(double, double)>.Shared.Rent(blocks);

        each(blocks, _statistics);
        for (var matrix = 0; matrix < _matrices; matrix++) AverageColumns(matrix);
        each(blocks, _measure);
        FindFactors(blocks);
        each(blocks, _apply);

        ArrayPool<T>.Shared.Return(_columnSums);
        ArrayPool<T>.Shared.Return(_inverseRoots);
        ArrayPool<double>.Shared.Return(_rowMeans);
        ArrayPool<(double, double)>.Shared.Return(_sums);
    }

    /// <summary>The rows of a block, counted over all matrices, and the matrix they lie in.</summary>
    private (long First, long End, int Matrix) RowsOf(int block)
    {
        var (matrix, part) = Math.DivRem(block, _blocksPerMatrix);
        var first = (long)matrix * _rowCount;
        return (first + ((long)part * _rowsPerBlock), first + Math.Min(((long)part + 1) * _rowsPerBlock, _rowCount), matrix);
    }

    /// <summary>The elements of a block of a tensor without rows.</summary>
    private (int Start, int Count) ElementsOf(int block) =>
        (block * BlockElements, (int)Math.Min(BlockElements, _elements - ((long)block * BlockElements)));

    private void AverageRows(int block)
    {
        var sums = _columnSums.AsSpan(block * _columnCount, _columnCount);
        sums.Clear();
        var rented = Rent(_columnCount);
        fixed (T* columns = sums, scratch = rented)
        {
            var (first, end, _) = RowsOf(block);
            for (var row = first; row < end; row++)
            {
                var sum = AdafactorLoops<T>.AddSquares(Gradients(row * _columnCount, _columnCount, scratch), columns, _columnCount);
                _rows[row] = Average(_rows[row], sum / _columnCount);
            }
        }
        Return(rented);
    }

    private void AverageColumns(int matrix)
    {
        double rows = 0;
        for (var row = 0; row < _rowCount; row++) rows += double.CreateTruncating(_rows[((long)matrix * _rowCount) + row]);
        _rowMeans[matrix] = rows / _rowCount;

        var sums = _columnSums.AsSpan(matrix * _blocksPerMatrix * _columnCount);
        for (var block = 1; block < _blocksPerMatrix; block++)
        {
            for (var column = 0; column < _columnCount; column++) sums[column] += sums[(block * _columnCount) + column];
        }
        for (var column = 0; column < _columnCount; column++)
        {
            var index = (matrix * _columnCount) + column;
            _columns[index] = Average(_columns[index], double.CreateTruncating(sums[column]) / _rowCount);
            _inverseRoots[index] = InverseRoot(_columns[index]);
        }
    }

    private void MeasureRows(int block)
    {
        double update = 0, weight = 0;
        var (first, end, matrix) = RowsOf(block);
        var rented = Rent(_columnCount);
        fixed (T* roots = &_inverseRoots[matrix * _columnCount], scratch = rented)
        {
            for (var row = first; row < end; row++)
            {
                var factor = RowFactor(row, matrix);
                var gradients = Gradients(row * _columnCount, _columnCount, scratch);
                update += factor * factor * Loops<T>.Sum(default(SquaredProduct<T>), gradients, roots, _columnCount);
                weight += SquaredWeights(row * _columnCount, _columnCount, scratch);
            }
        }
        Return(rented);
        _sums[block] = (update, weight);
    }

    private void MeasureElements(int block)
    {
        var (start, count) = ElementsOf(block);
        var rented = Rent(count);
        fixed (T* roots = &_inverseRoots[start], scratch = rented)
        {
            var gradients = Gradients(start, count, scratch);
            for (var i = 0; i < count; i++)
            {
                var gradient = gradients[i];
                _squares[start + i] = Average(_squares[start + i], double.CreateTruncating(gradient * gradient));
                roots[i] = InverseRoot(_squares[start + i]);
            }
            _sums[block] = (Loops<T>.Sum(default(SquaredProduct<T>), gradients, roots, count), SquaredWeights(start, count, scratch));
        }
        Return(rented);
    }

    private void ApplyToRows(int block)
    {
        var (first, end, matrix) = RowsOf(block);
        var rented = Rent(_columnCount);
        fixed (T* roots = &_inverseRoots[matrix * _columnCount], scratch = rented)
        {
            for (var row = first; row < end; row++)
                Apply(row * _columnCount, roots, T.CreateTruncating(_factor * RowFactor(row, matrix)), _columnCount, scratch);
        }
        Return(rented);
    }

    private void ApplyToElements(int block)
    {
        var (start, count) = ElementsOf(block);
        var rented = Rent(count);
        fixed (T* roots = &_inverseRoots[start], scratch = rented) Apply(start, roots, T.CreateTruncating(_factor), count, scratch);
        Return(rented);
    }

    private void Apply(long start, T* roots, T factor, int count, T* scratch)
    {
        var gradients = Gradients(start, count, scratch);
        var weights = Weights(start, count, scratch);
        AdafactorLoops<T>.Subtract(weights, _keep, gradients, roots, factor, _moment == null ? null : _moment + start,
            T.CreateTruncating(_numbers.Beta1), count);
        if (_isNarrow) _narrow.WriteWeights((float*)weights, start, count);
    }

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

    private double RowFactor(long row, int matrix) => Math.Sqrt(_rowMeans[matrix] / double.CreateTruncating(_rows[row]));

    /// <summary>The sum of some squared weights, if parameter scaling needs it.</summary>
    private double SquaredWeights(long start, int count, T* scratch)
    {
        if (_size == null) return 0;
        var weights = Weights(start, count, scratch);
        return Loops<T>.Sum(default(Product<T>), weights, weights, count);
    }

    /// <summary>The second moment, moved toward a mean of squared gradients.</summary>
    private T Average(T average, double mean) =>
        T.CreateTruncating((_numbers.Decay * double.CreateTruncating(average)) + ((1 - _numbers.Decay) * (mean + _numbers.Epsilon1)));

    private static T InverseRoot(T value) => T.CreateTruncating(1 / Math.Sqrt(double.CreateTruncating(value)));
}
