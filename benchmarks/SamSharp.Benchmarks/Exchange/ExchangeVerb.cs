using System.Diagnostics;
using System.Globalization;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Distributed;
using SamSharp.Distributed.Mpi;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Exchange;

/// <summary>How long the processes of an MPI job take to average the gradients of T5-small, beside one MPI_Allreduce of as many bytes.</summary>
internal static class ExchangeVerb
{
    private const double Goal = 1.15;
    private const int WarmUps = 2, BucketBytes = 25 << 20;

    /// <summary>Takes the number of rounds, 15 by default.</summary>
    /// <returns>0; 1 if the goal is missed; null where the arguments are not understood.</returns>
    public static int? Run(string[] arguments)
    {
        var rounds = 15;
        if (arguments.Length > 1 || (arguments.Length == 1 && !int.TryParse(arguments[0], out rounds))) return null;
        var missed = 0;
        MpiGroup.Run(group => missed = Measure(group, rounds));
        return missed;
    }

    private static int Measure(MpiGroup group, int rounds)
    {
        set_num_threads(1); // a core for each process
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(ShapeSet.T5Small);
        parameters.SetGradients();
        Tensor[] gradients = [.. parameters.Parameters.Select(parameter => parameter.grad!)];
        using var flat = zeros(parameters.Elements);
        using var numbers = zeros(4 + gradients.Length, dtype: float64);
        var exchange = group.Gradients(() => group.Rank + 1); // other weights, so that nothing is left out
        using var alone = new GradientExchange(new AloneTransport(), new() { Weight = () => 1, BucketBytes = BucketBytes });
        // Alone, the share is 1 and nothing is scaled: its own work is measured with scaling beside.
        var contenders = new (string Name, Action Work)[]
        {
            ("one MPI_Allreduce", () => Plain(group, flat, flat.NumberOfElements)),
            ("MPI_Allreduce of 25 MB at a time", () => Plain(group, flat, BucketBytes / sizeof(float))),
            ("the exchange", () => exchange.Average(gradients, numbers)),
            ("its own work: scaling and copying", () => OwnWork(alone, gradients, numbers)),
        };
        var times = contenders.Select(_ => new List<double>()).ToArray();
        for (var round = -WarmUps; round < rounds; round++)
        {
            for (var i = 0; i < contenders.Length; i++)
            {
                group.Barrier();
                var watch = Stopwatch.StartNew();
                contenders[i].Work();
                var each = new double[group.Size];
                each[group.Rank] = watch.Elapsed.TotalMilliseconds;
                var slowest = group.Sum(each).Max();
                if (round >= 0) times[i].Add(slowest);
            }
        }
        var medians = Array.ConvertAll(times, list => list.Order().ElementAt(list.Count / 2));
        var ratio = times[2].Zip(times[0], (exchanged, plain) => exchanged / plain).Order().ElementAt(rounds / 2);
        var hidden = Math.Clamp((medians[1] + medians[3] - medians[2]) / medians[3], 0, 1);
        if (!group.IsFirst) return 0;
        Print($"{group.Size} processes, {group.Library.Split('\n')[0].Trim()}, {rounds} rounds");
        Print($"{parameters.Elements:N0} float32 gradients of T5-small");
        for (var i = 0; i < contenders.Length; i++) Print($"{contenders[i].Name,-44} {medians[i],8:F1} ms");
        Print($"{"the exchange / one MPI_Allreduce",-44} {ratio,8:F2}     goal {Goal:F2}  {(ratio <= Goal ? "ok" : "FALLS SHORT")}");
        Print($"{"part of its own work that took no time",-44} {hidden,8:P0}");
        return ratio <= Goal ? 0 : 1;

        static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static void OwnWork(GradientExchange alone, Tensor[] gradients, Tensor numbers)
    {
        using var noGradient = no_grad();
        foreach (var gradient in gradients) gradient.MultiplyBy(1.0000001);
        alone.Average(gradients, numbers);
    }

    private static void Plain(MpiGroup group, Tensor flat, long piece)
    {
        if (group.Transport is not MpiTransport mpi) return;
        for (long from = 0; from < flat.NumberOfElements; from += piece)
        {
            var count = (int)Math.Min(piece, flat.NumberOfElements - from);
            mpi.Library.Sum((nint)(Memory.Of(flat) + (from * sizeof(float))), count, isDouble: false);
        }
    }
}
