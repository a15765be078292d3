using System.Globalization;
using SamSharp.Analysis;
using ScottPlot;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Gallery;

/// <summary>The training loss around the weights that SGD and SAM find, for a small network that reads the mood of sentences.</summary>
internal static class LandscapePicture
{
    private const int Words = 512, Epochs = 150, Grid = 61, Finer = 8;
    private const double Extent = 1.2;

    public static void Save(string path)
    {
        var (train, test) = (Read("train.tsv"), Read("test.tsv"));
        var solutions = new[] { ("SGD", 0.0), ("SAM", 0.1) }.Select(one => Solve(one.Item1, one.Item2, train, test)).ToArray();
        var highest = solutions.SelectMany(solution => solution.Losses.Cast<double>()).Order().ElementAt((int)(0.85 * 2 * Grid * Grid));

        var window = new CoordinateRect(-Extent, Extent, -Extent, Extent);

        var plots = new Multiplot();
        plots.AddPlots(2);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (var i = 0; i < solutions.Length; i++)
        {
            var plot = plots.GetPlot(i);
            var contours = Drawing.Contours(plot, Drawing.Finer(solutions[i].Losses, Finer), window, 0, highest);
            Drawing.Scale(plot, contours, "training loss, the same shades in both", 0, highest);
            plot.Add.Marker(new Coordinates(0, 0), MarkerShape.FilledCircle, 9, i == 0 ? Drawing.Base : Drawing.Sam);
            plot.XLabel("a random direction, in norms of the filters");
            plot.YLabel("another");
            Drawing.Finish(plot, solutions[i].Title);
        }
        plots.SavePng(path, 1700, 760);
    }

    private static (string Title, double[,] Losses) Solve(string name, double rho, (Tensor X, Tensor Y) train, (Tensor X, Tensor Y) test)
    {
        random.manual_seed(3);
        using var model = nn.Sequential(nn.Linear(Words, 32), nn.ReLU(), nn.Linear(32, 2));
        using var optimizer = optim.SAM(optim.SGD(model.parameters(), 0.5, momentum: 0.9), rho);
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            using var scope = NewDisposeScope();
            optimizer.Step(() =>
            {
                var loss = nn.functional.cross_entropy(model.call(train.X), train.Y);
                loss.backward();
                return loss;
            });
        }
        using var surface = new LossSurface(model, () =>
        {
            using var scope = NewDisposeScope();
            return nn.functional.cross_entropy(model.call(train.X), train.Y).MoveToOuterDisposeScope();
        }, train.X.shape[0]);
        using var first = SliceDirection.FilterNormalized(surface, seed: 1);
        using var second = SliceDirection.FilterNormalized(surface, seed: 2);
        var places = LossSlice.Places(-Extent, Extent, Grid);
        var plane = LossPlane.Measure(surface, first, second, places, places);
        var losses = new double[Grid, Grid];
        for (var i = 0; i < Grid; i++)
        {
            for (var j = 0; j < Grid; j++) losses[Grid - 1 - j, i] = plane.Losses[i][j];
        }
        var title = string.Create(CultureInfo.InvariantCulture,
            $"after {name}: training loss {surface.LossAtOrigin:F3}, test accuracy {100 * Accuracy(model, test):F1} %");
        return (title, losses);
    }

    private static double Accuracy(Sequential model, (Tensor X, Tensor Y) data)
    {
        using var scope = NewDisposeScope();
        return model.call(data.X).argmax(1).eq(data.Y).to(float64).mean().ReadDouble();
    }

    /// <summary>Which of 512 groups of words a sentence has, and whether it is a happy one.</summary>
    private static (Tensor X, Tensor Y) Read(string file)
    {
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, file)).Skip(1).Select(line => line.Split('\t')).ToArray();
        var words = new float[rows.Length, Words];
        for (var i = 0; i < rows.Length; i++)
        {
            foreach (var word in rows[i][0].ToLowerInvariant().Split([' ', ',', '.', '!', '?', ';', '"'], StringSplitOptions.RemoveEmptyEntries))
                words[i, Group(word)] = 1;
        }
        return (tensor(words), tensor(Array.ConvertAll(rows, row => long.Parse(row[1], CultureInfo.InvariantCulture))));
    }

    /// <summary>The same number for a word on every machine (FNV-1a).</summary>
    private static uint Group(string word) => word.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619u) % Words;
}
