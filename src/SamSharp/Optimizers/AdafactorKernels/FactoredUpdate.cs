using System.Buffers;
using System.Numerics;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>
/// The update of a tensor of two dimensions or more: matrices of R rows and C columns, one for each index of the leading dimensions. With
/// r_i = sqrt(mean(R) / R_i) and c_j = 1 / sqrt(C_j), d_ij = r_i g_ij c_j: no pass needs more than a row of scratch.
/// </summary>
internal sealed unsafe class FactoredUpdate<T> : TensorUpdate<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _rows, _columns;
    private readonly int _rowCount, _columnCount, _matrices, _rowsPerBlock, _blocksPerMatrix;

    public FactoredUpdate(AdafactorSlot slot, AdafactorBatch batch) : base(slot, batch)
    {
        _rows = Pointer(slot.State.ExpAvgSqRow!);
        _columns = Pointer(slot.State.ExpAvgSqCol!);
        var shape = slot.Weight.shape;
        (_rowCount, _columnCount) = ((int)shape[^2], (int)shape[^1]);
        _matrices = (int)(Elements / _rowCount / _columnCount);
        _rowsPerBlock = Math.Clamp(BlockElements / _columnCount, 1, _rowCount);
        _blocksPerMatrix = (_rowCount + _rowsPerBlock - 1) / _rowsPerBlock;
    }

    public override void Run(Action<int, Action<int>> each)
    {
        var blocks = _matrices * _blocksPerMatrix;
        var columnSums = ArrayPool<T>.Shared.Rent(blocks * _columnCount);
        var columnFactors = ArrayPool<T>.Shared.Rent(_matrices * _columnCount);
        var rowMeans = ArrayPool<double>.Shared.Rent(_matrices);
        var squares = ArrayPool<(double Update, double Weight)>.Shared.Rent(blocks);

        each(blocks, block => AverageRows(block, columnSums.AsSpan(block * _columnCount, _columnCount)));
        for (var matrix = 0; matrix < _matrices; matrix++)
        {
            rowMeans[matrix] = Rows.Sum<T>(new(_rows + (long)matrix * _rowCount, _rowCount)) / _rowCount;
            AverageColumns(matrix, columnSums, columnFactors.AsSpan(matrix * _columnCount, _columnCount));
        }
        each(blocks, block => squares[block] = Measure(block, columnFactors, rowMeans));
        var factors = FactorsFrom(squares.AsSpan(0, blocks));
        each(blocks, block => Apply(block, columnFactors, rowMeans, factors));

        ArrayPool<T>.Shared.Return(columnSums);
        ArrayPool<T>.Shared.Return(columnFactors);
        ArrayPool<double>.Shared.Return(rowMeans);
        ArrayPool<(double, double)>.Shared.Return(squares);
    }

    /// <summary>The rows of a block, counted over all matrices, and the matrix they lie in.</summary>
    private (long First, long End, int Matrix) RowsOf(int block)
    {
        var (matrix, part) = Math.DivRem(block, _blocksPerMatrix);
        var first = (long)matrix * _rowCount;
        return (first + (long)part * _rowsPerBlock, first + Math.Min(((long)part + 1) * _rowsPerBlock, _rowCount), matrix);
    }

    private void AverageRows(int block, Span<T> columnSums)
    {
        columnSums.Clear();
        var (first, end, _) = RowsOf(block);
        for (var row = first; row < end; row++)
        {
            var sum = Rows.AddSquares(Gradient(row * _columnCount, _columnCount), columnSums);
            _rows[row] = Average(_rows[row], sum / _columnCount);
        }
    }

    private void AverageColumns(int matrix, T[] columnSums, Span<T> columnFactors)
    {
        var sums = columnSums.AsSpan(matrix * _blocksPerMatrix * _columnCount);
        for (var block = 1; block < _blocksPerMatrix; block++)
            Rows.Add(sums[.._columnCount], sums.Slice(block * _columnCount, _columnCount));

        var columns = new Span<T>(_columns + (long)matrix * _columnCount, _columnCount);
        for (var column = 0; column < _columnCount; column++)
        {
            columns[column] = Average(columns[column], double.CreateTruncating(sums[column]) / _rowCount);
            columnFactors[column] = InverseRoot(columns[column]);
        }
    }

    private (double Update, double Weight) Measure(int block, T[] columnFactors, double[] rowMeans)
    {
        double update = 0, weight = 0;
        var (first, end, matrix) = RowsOf(block);
        var factors = columnFactors.AsSpan(matrix * _columnCount, _columnCount);
        for (var row = first; row < end; row++)
        {
            var rowFactor = RowFactor(row, rowMeans[matrix]);
            update += rowFactor * rowFactor * Rows.SumOfSquaredProducts(Gradient(row * _columnCount, _columnCount), factors);
            weight += SquaredWeights(row * _columnCount, _columnCount);
        }
        return (update, weight);
    }

    private void Apply(int block, T[] columnFactors, double[] rowMeans, Factors<T> factors)
    {
        var (first, end, matrix) = RowsOf(block);
        for (var row = first; row < end; row++)
        {
            Apply(row * _columnCount, columnFactors.AsSpan(matrix * _columnCount, _columnCount),
                T.CreateTruncating(factors.Update * RowFactor(row, rowMeans[matrix])), factors);
        }
    }

    private double RowFactor(long row, double mean) => Math.Sqrt(mean / double.CreateTruncating(_rows[row]));
}
