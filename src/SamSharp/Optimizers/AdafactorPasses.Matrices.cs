using System.Buffers;

namespace SamSharp.Optimizers;

/// <summary>The passes over tensors of two dimensions or more, row by row.</summary>
internal sealed unsafe partial class AdafactorPasses<T, TTensor>
{
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

    private void AverageRows(int block)
    {
        var sums = _columnSums.AsSpan(block * _columnCount, _columnCount);
        sums.Clear();
        fixed (T* columns = sums)
        {
            var (first, end, _) = RowsOf(block);
            for (var row = first; row < end; row++)
            {
                var sum = _tensor.SumOfGradients(new AddedSquare<T>(columns), row * _columnCount, _columnCount);
                _rows[row] = Average(_rows[row], sum / _columnCount);
            }
        }
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
        fixed (T* roots = &_inverseRoots[matrix * _columnCount])
        {
            for (var row = first; row < end; row++)
            {
                var factor = RowFactor(row, matrix);
                update += factor * factor * _tensor.SumOfGradients(new SquaredUpdate<T>(roots), row * _columnCount, _columnCount);
                weight += SquaredWeights(row * _columnCount, _columnCount);
            }
        }
        _sums[block] = (update, weight);
    }

    private void ApplyToRows(int block)
    {
        var (first, end, matrix) = RowsOf(block);
        fixed (T* roots = &_inverseRoots[matrix * _columnCount])
        {
            for (var row = first; row < end; row++)
                Apply(row * _columnCount, roots, T.CreateTruncating(_factor * RowFactor(row, matrix)), _columnCount);
        }
    }

    private double RowFactor(long row, int matrix) => Math.Sqrt(_rowMeans[matrix] / double.CreateTruncating(_rows[row]));
}
