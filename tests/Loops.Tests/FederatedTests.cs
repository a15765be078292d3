using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class FederatedTests
{
    [Fact]
    public void The_server_takes_the_mean_of_four_clients_weighted_by_their_rows()
    {
        Parameter[][] clients = [.. new double[] { 1, 2, 3, 4 }.Select(value => new[] { new Parameter(tensor(new[] { value, -value })) })];
        var server = new Parameter(zeros(2, float64));
        FederatedSam.Average(clients, [10, 10, 10, 10], [server]);
        Assert.Equal([2.5, -2.5], server.detach().ReadAll<double>());
        FederatedSam.Average(clients, [10, 20, 30, 40], [server]);
        Assert.Equal([3.0, -3.0], server.detach().ReadAll<double>().Select(value => Math.Round(value, 12)));
    }

    /// <summary>One local step on the whole shard, without SAM, is a step on all rows; with SAM each client climbs on its own rows, as m-SAM's
    /// parts do.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void One_local_step_is_one_step_on_all_rows(double rho)
    {
        FederatedSam.Client[] clients = [.. Enumerable.Range(0, 4).Select(i =>
        {
            var (x, y) = Clusters.Balanced(8 * (i + 1), 4, (ulong)i);
            return new FederatedSam.Client(x, y);
        })];
        var (server, central) = (SmallNetwork.Create(2, 6, 4, seed: 1), SmallNetwork.Create(2, 6, 4, seed: 1));
        FederatedSam.Round(server, clients, Recipe.Sam(rho), 0.3, batchSize: 1000, epochs: 1);
        using var optimizer = optim.SGD(central, 0.3).WithSharpnessAwareness(rho);
        optimizer.Step([.. clients.Select(client => new BatchPart(() => SmallNetwork.Backward(central, client.X, client.Y), client.Rows))]);
        foreach (var (expected, actual) in central.Zip(server)) Assert.True(expected.allclose(actual, rtol: 1e-10));
    }

    [Fact]
    public void Rates_fall_along_a_line_in_each_cycle()
    {
        var rates = Enumerable.Range(0, 5).Select(round => Math.Round(FederatedSam.CyclicRate(round, 4, 0.5, 0.1), 12));
        Assert.Equal([0.4, 0.3, 0.2, 0.1, 0.4], rates);
    }
}
