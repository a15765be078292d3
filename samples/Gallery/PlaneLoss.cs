using ScottPlot;
using static TorchSharp.torch;

namespace SamSharp.Samples.Gallery;

/// <summary>A loss of two weights, which a picture can show as a whole.</summary>
/// <param name="Name">A file name.</param>
/// <param name="Title">What the picture says.</param>
/// <param name="Of">The loss at each pair of x and y, which have the same shape.</param>
/// <param name="Window">The part of the plane that is drawn.</param>
/// <param name="Start">Where training begins.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Rho">The radius.</param>
internal sealed record PlaneLoss(
    string Name, string Title, Func<Tensor, Tensor, Tensor> Of, CoordinateRect Window, Coordinates Start, double Rate, double Rho)
{
    public const int Steps = 250;

    /// <summary>A narrow valley on the way to a wide one.</summary>
    public static PlaneLoss Valleys { get; } =
        new("valleys", "a sharp and a flat valley", ValleysAt, new(-2.3, 2.5, -2, 2), new(-1.9, 0.9), Rate: 0.2, Rho: 0.5);

    /// <summary>A bowl with many small dents.</summary>
    public static PlaneLoss Dents { get; } =
        new("dents", "a bowl with dents (Rastrigin's function, flattened)", DentsAt,
            new(-2.6, 0.8, -0.8, 2.6), new(-2.2, 1.9), Rate: 0.03, Rho: 0.35);

    /// <summary>A network with one weight in each of two layers: every point of a curve has loss 0, and the flattest is the balanced one,
    /// where the weights are equal.</summary>
    public static PlaneLoss Product { get; } =
        new("product", "two layers of one weight, (1 - x y)^2, scale-invariant: the same for a x and y / a", ProductAt,
            new(-0.2, 3, -0.2, 3.8), new(0.35, 2.6), Rate: 0.05, Rho: 0.2);

    public static PlaneLoss[] All { get; } = [Valleys, Dents, Product];

    /// <summary>The loss at one point.</summary>
    public double At(Coordinates point)
    {
        using var scope = NewDisposeScope();
        return Of(tensor(point.X, float64), tensor(point.Y, float64)).ReadDouble();
    }

    /// <summary>The loss on a grid over the window; the first row is the top.</summary>
    public double[,] Grid(int size)
    {
        using var scope = NewDisposeScope();
        var (xs, ys) = (linspace(Window.Left, Window.Right, size, float64), linspace(Window.Top, Window.Bottom, size, float64));
        var losses = Of(xs.expand(size, size), ys.unsqueeze(1).expand(size, size)).contiguous().data<double>().ToArray();
        var grid = new double[size, size];
        Buffer.BlockCopy(losses, 0, grid, 0, losses.Length * sizeof(double));
        return grid;
    }

    [InDisposeScope]
    private static Tensor ValleysAt(Tensor x, Tensor y)
    {
        var sharp = Bump(x.Plus(0.6), y.Minus(0.3), 0.2, 0.4).Times(-0.25);
        var flat = Bump(x.Minus(1), y, 1.6, 0.8).Times(-0.9);
        return sharp.Plus(flat).Plus(y.Squared().Plus(x.Minus(1).Squared()).Times(0.03)).Plus(1);
    }

    [InDisposeScope]
    private static Tensor DentsAt(Tensor x, Tensor y) => x.Squared().Plus(y.Squared()).Times(0.12).Plus(Wave(x)).Plus(Wave(y));

    [InDisposeScope]
    private static Tensor ProductAt(Tensor x, Tensor y) => (x * y).Minus(1).Squared().Times(0.5);

    /// <summary>exp(-(x^2 / wx^2 + y^2 / wy^2)).</summary>
    [InDisposeScope]
    private static Tensor Bump(Tensor x, Tensor y, double widthX, double widthY) =>
        x.Over(widthX).Squared().Plus(y.Over(widthY).Squared()).Times(-1).exp();

    [InDisposeScope]
    private static Tensor Wave(Tensor x) => x.Times(2 * Math.PI).cos().Times(-0.12).Plus(0.12);
}
