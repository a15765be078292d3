using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>FedSAM and FedASAM: clients train a copy of the server's model with SAM or ASAM on their own rows, and the server averages
/// them.</summary>
/// <remarks>To go on after a stop, keep the server's weights, the mean, and the round's number: clients and their optimizers live for one
/// round.</remarks>
[InDisposeScope]
internal static class FederatedSam
{
    public const string Paper =
        "FedSAM, FedASAM: Caldarola, Caputo, Ciccone, \"Improving Generalization in Federated Learning by Seeking Flat Minima\", 2022";

    private const int Classes = 4, Rounds = 40, Cycle = 5, BatchSize = 20, Epochs = 2;
    private const double FirstRate = 0.2, LastRate = 0.02;

    /// <summary>The rows of one client.</summary>
    public sealed record Client(Tensor X, Tensor Y)
    {
        public long Rows => Y.shape[0];
    }

    public static SharpnessAwareOptions Sam => Recipe.Sam(0.1);

    public static SharpnessAwareOptions Asam => Recipe.AsamEverywhere(0.5);

    public static void Run(TextWriter output, string name, SharpnessAwareOptions recipe)
    {
        Client[] clients = [.. Enumerable.Range(0, Classes).Select(OneSided)];
        var (x, y) = Clusters.Balanced(400, Classes, seed: 99);
        var results = new[] { ("FedAvg", new SharpnessAwareOptions { Rho = 0 }), (name, recipe) }.Select(method =>
        {
            var weights = Train(SmallNetwork.Create(2, 16, Classes, seed: 1), clients, method.Item2);
            return (Name: method.Item1, Accuracy: SmallNetwork.Accuracy(weights, x, y), Loss: SmallNetwork.Loss(weights, x, y).ReadDouble(),
                Sharpness: SmallNetwork.Sharpness(weights, x, y, 0.3));
        }).ToArray();
        Table.Write(output, ["method", "accuracy", "loss", "rise within 0.3"],
            [.. results.Select(result => new[] { result.Name, $"{result.Accuracy:P1}", $"{result.Loss:F3}", $"{result.Sharpness:F3}" })]);
        output.WriteLine($"After {Rounds} rounds of {clients.Length} clients that see mostly one class each, the loss rises " +
            $"{results[1].Sharpness / results[0].Sharpness:F2} times as much near the weights of {name} as near FedAvg's.");
    }

    /// <summary>Rounds with cyclic rates; from three quarters of them on the server keeps the mean of the models at the ends of cycles.</summary>
    /// <returns>That mean.</returns>
    public static Parameter[] Train(Parameter[] server, IReadOnlyList<Client> clients, SharpnessAwareOptions recipe)
    {
        Parameter[]? mean = null;
        var means = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var scope = NewDisposeScope();
            Round(server, clients, recipe, CyclicRate(round, Cycle, FirstRate, LastRate), BatchSize, Epochs);
            if (round < 3 * Rounds / 4 || (round + 1) % Cycle != 0) continue;
            means++;
            if (mean is null) mean = [.. SmallNetwork.Copy(server).Select(weight => (Parameter)weight.MoveToOuterDisposeScope())];
            else Average([mean, server], [means - 1, 1], mean);
        }
        return mean!;
    }

    /// <summary>One round: every client trains a copy, and the server takes the mean of the copies, weighted by rows.</summary>
    public static void Round(Parameter[] server, IReadOnlyList<Client> clients, SharpnessAwareOptions recipe, double rate, int batchSize, int epochs)
    {
        var trained = clients.Select(client =>
        {
            var own = SmallNetwork.Copy(server);
            using var optimizer = optim.SGD(own, rate).WithSharpnessAwareness(recipe);
            for (var epoch = 0; epoch < epochs; epoch++)
            {
                for (var start = 0L; start < client.Rows; start += batchSize)
                {
                    var count = Math.Min(batchSize, client.Rows - start);
                    optimizer.Step(() => SmallNetwork.Backward(own, client.X.narrow(0, start, count), client.Y.narrow(0, start, count)));
                }
            }
            return own;
        }).ToArray();
        Average(trained, [.. clients.Select(client => client.Rows)], server);
    }

    /// <summary>target := sum of n_i w_i / sum of n_i.</summary>
    public static void Average(IReadOnlyList<Parameter[]> models, IReadOnlyList<long> counts, Parameter[] target)
    {
        using var unrecorded = no_grad();
        var whole = (double)counts.Sum();
        for (var i = 0; i < target.Length; i++)
        {
            var sum = zeros_like(target[i]);
            foreach (var (model, count) in models.Zip(counts)) sum.IncreaseBy(model[i], count / whole);
            target[i].copy_(sum);
        }
    }

    /// <summary>Falls along a line in each cycle: (1 - x) first + x last, x = (place in the cycle, from 1) / cycle.</summary>
    public static double CyclicRate(int round, int cycle, double first, double last)
    {
        var x = ((round % cycle) + 1) / (double)cycle;
        return ((1 - x) * first) + (x * last);
    }

    /// <summary>A client most of whose rows are of one class.</summary>
    private static Client OneSided(int client)
    {
        var rows = 60 + (20 * client);
        var labels = Enumerable.Range(0, rows).Select(i => i % 10 < 7 ? client : (long)(i % Classes)).ToArray();
        var (x, y) = Clusters.Around(labels, Classes, (ulong)(10 + client));
        using var generator = new Generator((ulong)client);
        var order = randperm(rows, generator: generator);
        return new(x.index_select(0, order), y.index_select(0, order));
    }
}
