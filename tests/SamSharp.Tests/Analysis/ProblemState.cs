using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

/// <summary>All that a measurement must leave as it was, bit for bit.</summary>
internal sealed class ProblemState(Problem problem) : IDisposable
{
    private readonly Tensor _weights = problem.Weights();
    private readonly Tensor _gradients = problem.Gradients();
    private readonly IntPtr[] _addresses = Addresses(problem);
    private readonly Tensor _mean = problem.Model.Norm.running_mean!.clone();
    private readonly Tensor _random = RandomState();

    private static Tensor RandomState()
    {
        using var generator = Generator.Default;
        return generator.get_state();
    }

    public void RequireSame()
    {
        using var scope = NewDisposeScope();
        Close.Bits(_weights, problem.Weights());
        Close.Bits(_gradients, problem.Gradients());
        Assert.Equal(_addresses, Addresses(problem));
        Close.Bits(_mean, problem.Model.Norm.running_mean!);
        Close.Bits(_random, RandomState());
    }

    public void Dispose()
    {
        _weights.Dispose();
        _gradients.Dispose();
        _mean.Dispose();
        _random.Dispose();
    }

    private static IntPtr[] Addresses(Problem problem)
    {
        using var scope = NewDisposeScope();
        return [.. problem.Parameters.Select(p =>
            p.dtype == ScalarType.Float64 ? p.storage<double>().data_ptr() : p.storage<float>().data_ptr())];
    }
}
