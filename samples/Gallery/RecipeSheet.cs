using System.Globalization;
using System.Text;
using ScottPlot;

namespace SamSharp.Samples.Gallery;

/// <summary>The trajectory of every recipe on each loss: a sheet of small pictures for a loss, and a page with numbers.</summary>
internal static class RecipeSheet
{
    private const int Columns = 7, Side = 250;

    public static void Save(string folder)
    {
        var rows = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var left = new SortedDictionary<string, string>(StringComparer.Ordinal); // out, and why
        foreach (var loss in PlaneLoss.All)
        {
            var plain = Trajectory.Run(loss, (_, _) => new SharpnessAwareOptions { Rho = 0 });
            var sam = Trajectory.Run(loss, (_, _) => Recipe.Sam(loss.Rho));
            var all = Recipe.All.Select(recipe => (Recipe: recipe, Way: Run(loss, recipe, left))).ToArray();
            Draw(Path.Combine(folder, $"{loss.Name}.png"), loss, plain, [.. from one in all where one.Way is not null select (one.Recipe, one.Way)]);
            foreach (var (recipe, way) in all)
            {
                if (!rows.TryGetValue(recipe.Name, out var cells)) rows[recipe.Name] = cells = [];
                cells.Add(way is null ? "-" : string.Create(CultureInfo.InvariantCulture,
                    $"{loss.At(way.Points[^1]):F3} | {way.DistanceTo(plain):F2} | {way.DistanceTo(sam):F2}"));
            }
        }
        File.WriteAllText(Path.Combine(folder, "README.md"), Page(rows, left));
    }

    private static Trajectory? Run(PlaneLoss loss, RecipeInfo recipe, SortedDictionary<string, string> left)
    {
        try
        {
            return Trajectory.Run(loss, (module, closure) => Recipes.Create(recipe, loss, module, closure));
        }
        catch (ArgumentException error)
        {
            left[recipe.Name] = error.Message.ReplaceLineEndings(" "); // what two weights do not have
            return null;
        }
    }

    private static void Draw(string path, PlaneLoss loss, Trajectory plain, (RecipeInfo Recipe, Trajectory Way)[] all)
    {
        var grid = loss.Grid(90);
        var highest = grid.Cast<double>().Order().ElementAt(grid.Length * 9 / 10);
        var plots = new Multiplot();
        var sheetRows = (all.Length + Columns) / Columns; // one cell says what the others show
        plots.AddPlots(sheetRows * Columns);
        plots.Layout = new ScottPlot.MultiplotLayouts.Grid(sheetRows, Columns);
        Explain(plots.GetPlot(0));
        for (var i = all.Length + 1; i < sheetRows * Columns; i++) plots.GetPlot(i).HideAxesAndGrid();
        for (var i = 0; i < all.Length; i++)
        {
            var plot = plots.GetPlot(i + 1);
            Drawing.Contours(plot, grid, loss.Window, grid.Cast<double>().Min(), highest);
            Drawing.Way(plot, plain.Points, Drawing.Base, width: 1.2f);
            Drawing.Way(plot, all[i].Way.Points, Drawing.Sam, width: 1.6f);
            plot.HideAxesAndGrid();
            Drawing.Finish(plot, all[i].Recipe.Title.Length > 26 ? all[i].Recipe.Name : all[i].Recipe.Title, 14);
        }
        plots.SavePng(path, Columns * Side, sheetRows * Side);
    }

    private static void Explain(Plot plot)
    {
        Drawing.Way(plot, [new(0.5, 5), new(2.5, 5)], Drawing.Base, width: 1.2f);
        Drawing.Way(plot, [new(0.5, 4), new(2.5, 4)], Drawing.Sam, width: 1.6f);
        foreach (var (text, y) in new[] { ("SGD", 5), ("the recipe on SGD", 4), ("ring: start; dot: end", 3), ("darker: lower loss", 2) })
        {
            var note = plot.Add.Text(text, new Coordinates(y > 3 ? 3 : 0.3, y));
            (note.LabelFontSize, note.LabelAlignment, note.LabelFontName) = (15, Alignment.MiddleLeft, Drawing.FontName);
        }
        plot.Axes.SetLimits(0, 10, 0, 7);
        plot.HideAxesAndGrid();
        Drawing.Finish(plot, "how to read", 14);
    }

    private static string Page(SortedDictionary<string, List<string>> rows, SortedDictionary<string, string> left)
    {
        var page = new StringBuilder("""
            # Pictures

            All made by `dotnet run -c Release --project samples/Gallery`.

            ## What a step does

            ![One step of SAM, and where SGD and SAM end](step.png)

            ## The loss around the weights

            A network of one hidden layer reads the mood of [sentences](../../FineTuneT5/Artifacts/data/README.md), trained by SGD and by SAM
            around SGD from the same start. Both planes are filter-normalized (Li et al., 2018), with the same random directions.

            ![The training loss around the weights after SGD and after SAM](landscape.png)

            ## Every recipe on three losses of two weights

            In each picture SGD is orange and the recipe around SGD is blue; a ring marks the start, a dot the end, darker is lower. Every step
            adds the same small random slope to the loss, as a mini-batch would. Radii are chosen so that the recipes can be told apart, not to win:
            two weights say what a rule does, and nothing about generalization.

            """);
        foreach (var loss in PlaneLoss.All) page.Append(CultureInfo.InvariantCulture, $"\n### {loss.Title}\n\n![{loss.Title}]({loss.Name}.png)\n");
        page.Append("""

            ### Numbers

            Loss at the end, and the largest distance on the way from SGD and from SAM. A recipe that is 0.00 from one of them everywhere does nothing
            special here: TRAM's divergence is a constant, no layer normalizes, a vector has no filters, and ZSharp filters matrices alone.

            | recipe |
            """);
        foreach (var loss in PlaneLoss.All) page.Append(CultureInfo.InvariantCulture, $" {loss.Name}: loss | from SGD | from SAM |");
        page.Append("\n|---|").Insert(page.Length, "---|", 3 * PlaneLoss.All.Length).Append('\n');
        foreach (var (name, cells) in rows)
            page.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells.Select(cell => cell == "-" ? "- | - | -" : cell))} |\n");
        page.Append("\nLeft out, with what the library says:\n\n");
        foreach (var (name, why) in left) page.Append(CultureInfo.InvariantCulture, $"- {name}: {why}\n");
        return page.ToString();
    }
}
