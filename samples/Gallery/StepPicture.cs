using ScottPlot;

namespace SamSharp.Samples.Gallery;

/// <summary>What one step does, and where many lead.</summary>
internal static class StepPicture
{
    private const double Length = 0.45;

    public static void Save(string path)
    {
        var loss = PlaneLoss.Valleys;
        var plain = Trajectory.Run(loss, (_, _) => new SharpnessAwareOptions { Rho = 0 });
        var sam = Trajectory.Run(loss, (_, _) => Recipe.Sam(loss.Rho));
        var grid = loss.Grid(400);

        var plots = new Multiplot();
        plots.AddPlots(2);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        One(plots.GetPlot(0), loss, grid, sam);
        Many(plots.GetPlot(1), loss, grid, plain, sam);
        plots.SavePng(path, 1500, 640);
    }

    /// <summary>The step near the sharp valley in which SAM and SGD differ most.</summary>
    private static void One(Plot plot, PlaneLoss loss, double[,] grid, Trajectory sam)
    {
        Drawing.Contours(plot, grid, loss.Window, 0, 1.3);
        var at = Enumerable.Range(0, PlaneLoss.Steps).Where(i => sam.Points[i].Distance(new(-0.6, 0.3)) < 0.35).MaxBy(i => Angle(sam, i));
        var (weights, perturbed, next) = (sam.Points[at], sam.Perturbed[at], sam.Points[at + 1]);
        var descent = Towards(weights, next, Length);
        var ball = plot.Add.Circle(weights, loss.Rho);
        (ball.LineColor, ball.LineWidth, ball.FillColor) = (Drawing.Ink, 1.5f, Colors.Transparent);
        Arrow(plot, weights, perturbed, Drawing.Ink);
        Arrow(plot, perturbed, new(perturbed.X + descent.X, perturbed.Y + descent.Y), Drawing.Sam);
        Arrow(plot, weights, new(weights.X + descent.X, weights.Y + descent.Y), Drawing.Sam);
        var plain = Towards(weights, perturbed, -Length); // minus g, since e goes along g
        Arrow(plot, weights, new(weights.X + plain.X, weights.Y + plain.Y), Drawing.Base);
        plot.Add.Marker(weights, MarkerShape.FilledCircle, 11, Drawing.Ink);
        plot.Add.Marker(perturbed, MarkerShape.OpenCircle, 11, Drawing.Ink);
        Note(plot, weights, "w", Alignment.LowerRight, Drawing.Ink, -8, -4);
        Note(plot, new(weights.X, weights.Y + loss.Rho), "the circle: all points at distance rho from w", Alignment.LowerCenter, Drawing.Ink, 0, -8);
        Note(plot, perturbed, "w + e: up g, by rho", Alignment.MiddleLeft, Drawing.Ink, 14);
        Note(plot, new(weights.X + descent.X, weights.Y + descent.Y), "SAM: down g+, the gradient at w + e",
            Alignment.MiddleLeft, Drawing.Sam, 14);
        Note(plot, new(weights.X + plain.X, weights.Y + plain.Y), "SGD: down g, the gradient at w", Alignment.UpperCenter, Drawing.Base, 0, 12);
        plot.Axes.SquareUnits();
        plot.Axes.SetLimits(weights.X - 1.1, weights.X + 1.3, weights.Y - 1, weights.Y + 1);
        Drawing.Finish(plot, "one step of SAM beside the sharp valley");
    }

    private static void Many(Plot plot, PlaneLoss loss, double[,] grid, Trajectory plain, Trajectory sam)
    {
        Drawing.Contours(plot, grid, loss.Window, 0, 1.3);
        Drawing.Way(plot, plain.Points, Drawing.Base, "SGD: the sharp valley", 2.5f);
        Drawing.Way(plot, sam.Points, Drawing.Sam, "SAM: the flat valley", 2.5f);
        plot.Axes.SquareUnits();
        plot.ShowLegend(Alignment.LowerRight);
        Drawing.Finish(plot, $"{PlaneLoss.Steps} noisy steps from the same start; darker is lower");
    }

    /// <summary>Between the directions that SAM and SGD take in a step: 0 for the same, 2 for opposite ones.</summary>
    private static double Angle(Trajectory way, int step)
    {
        var (sam, plain) = (Towards(way.Points[step], way.Points[step + 1], 1), Towards(way.Points[step], way.Perturbed[step], -1));
        return 1 - ((sam.X * plain.X) + (sam.Y * plain.Y));
    }

    /// <summary>A vector of that length in the direction from one point to another.</summary>
    private static Coordinates Towards(Coordinates from, Coordinates to, double length)
    {
        var share = length / from.Distance(to);
        return new(share * (to.X - from.X), share * (to.Y - from.Y));
    }

    private static void Arrow(Plot plot, Coordinates from, Coordinates to, Color color)
    {
        var arrow = plot.Add.Arrow(from, to);
        (arrow.ArrowFillColor, arrow.ArrowLineColor, arrow.ArrowWidth, arrow.ArrowheadWidth) = (color, color, 3, 12);
    }

    private static void Note(Plot plot, Coordinates at, string text, Alignment alignment, Color color, float right = 0, float down = 0)
    {
        var note = plot.Add.Text(text, at);
        (note.LabelFontSize, note.LabelFontColor, note.LabelAlignment, note.OffsetX, note.OffsetY) = (15, color, alignment, right, down);
        note.LabelFontName = Drawing.FontName;
    }
}
