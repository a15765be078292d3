namespace SamSharp;

/// <summary>A few linear equations.</summary>
internal static class LinearSystem
{
    /// <summary>Below this share of the largest number, a pivot is rounding.</summary>
    private const double Smallest = 1e-12;

    /// <summary>Solves a system by elimination with pivoting.</summary>
    /// <param name="rows">One equation a row, its right side last; overwritten.</param>
    /// <returns>The solution; null if there is none, or more than one.</returns>
    public static double[]? Solve(double[,] rows)
    {
        var count = rows.GetLength(0);
        var largest = rows.Cast<double>().Select(Math.Abs).Append(0).Max();
        for (var column = 0; column < count; column++)
        {
            var pivot = Enumerable.Range(column, count - column).MaxBy(row => Math.Abs(rows[row, column]));
            if (!(Math.Abs(rows[pivot, column]) > Smallest * largest)) return null;
            for (var i = 0; i <= count; i++) (rows[column, i], rows[pivot, i]) = (rows[pivot, i], rows[column, i]);
            for (var row = 0; row < count; row++)
            {
                if (row == column) continue;
                var factor = rows[row, column] / rows[column, column];
                for (var i = column; i <= count; i++) rows[row, i] -= factor * rows[column, i];
            }
        }
        var solution = Enumerable.Range(0, count).Select(row => rows[row, count] / rows[row, row]).ToArray();
        return Array.TrueForAll(solution, double.IsFinite) ? solution : null;
    }
}
