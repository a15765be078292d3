namespace SamSharp;

/// <summary>Minimizes a smooth convex function of weights that are not negative and sum to 1.</summary>
internal static class SimplexMinimum
{
    private const int Moves = 2000, Halvings = 64;

    /// <summary>
    /// Moves weight, again and again, from where the slope is largest to where it is smallest, each time as far as the function falls, which a
    /// bisection of the slope along the way finds. Two weights need one move.
    /// </summary>
    /// <param name="count">The number of weights.</param>
    /// <param name="slope">The derivatives by the weights.</param>
    public static double[] Find(int count, Func<double[], double[]> slope)
    {
        double[] weights = [.. Enumerable.Repeat(1.0 / count, count)];
        for (var move = 0; move < Moves; move++)
        {
            var slopes = slope(weights);
            var from = Enumerable.Range(0, count).Where(i => weights[i] > 0).MaxBy(i => slopes[i]);
            var to = Enumerable.Range(0, count).MinBy(i => slopes[i]);
            if (!(slopes[from] > slopes[to])) break;
            var before = weights[from];
            Shift(weights, from, to, slope);
            if (weights[from] == before) break; // no closer minimum can be told apart
        }
        return weights;
    }

    private static void Shift(double[] weights, int from, int to, Func<double[], double[]> slope)
    {
        var (start, whole) = (weights[from], weights[from] + weights[to]);
        double SlopeAt(double kept)
        {
            (weights[from], weights[to]) = (kept, whole - kept);
            var slopes = slope(weights);
            return slopes[from] - slopes[to];
        }
        if (!(SlopeAt(0) < 0)) return; // all of it goes
        var (low, high) = (0.0, start);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            if (SlopeAt(middle) > 0) high = middle;
            else low = middle;
        }
        SlopeAt(high);
    }
}
